#include <korrel/layers/object_register.h>

#include <map>
#include <mutex>

namespace korrel::nn {
namespace {

struct Register {
  std::mutex mutex;
  std::map<std::uintptr_t, ObjectKind> objects;
};

Register& objects() {
  static Register* the_register = new Register;  // never destroyed: static modules die after it would
  return *the_register;
}

std::uintptr_t number(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

}  // namespace

void register_object(const void* object, ObjectKind kind) {
  Register& all = objects();
  std::lock_guard lock(all.mutex);
  all.objects[number(object)] = kind;
}

void unregister_object(const void* object) noexcept {
  Register& all = objects();
  std::lock_guard lock(all.mutex);
  all.objects.erase(number(object));
}

std::vector<RegisteredObject> registered_objects(const void* begin, std::size_t bytes) {
  Register& all = objects();
  std::vector<RegisteredObject> found;
  std::lock_guard lock(all.mutex);
  auto end = all.objects.lower_bound(number(begin) + bytes);
  for (auto it = all.objects.lower_bound(number(begin)); it != end; ++it)
    found.push_back({reinterpret_cast<const void*>(it->first), it->second});
  return found;
}

}  // namespace korrel::nn
