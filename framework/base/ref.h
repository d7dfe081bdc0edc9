// Ref<T>: an intrusive, thread-safe reference count, one pointer wide. T derives from Counted and says how it dies by
// `static void destroy(T*)` (tensor bodies and graph nodes die iteratively, see autograd/node.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace korrel {

class Counted {
 public:
  void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
  bool release() const {  // true when this was the last reference
    // A sole owner needs no atomic exchange: nobody else can be counting.
    if (count_.load(std::memory_order_acquire) == 1) return true;
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  bool unique() const { return count_.load(std::memory_order_acquire) == 1; }
  int64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  mutable std::atomic<int32_t> count_{0};
};

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { reset(); }

  void reset() {
    if (T* object = std::exchange(object_, nullptr); object && object->release()) T::destroy(object);
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace korrel
