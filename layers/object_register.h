// The addresses of all modules, parameters and buffers alive in the process, sorted, by which a module finds the
// members that its KORREL_MODULE forgot. Internal: constructors and destructors write it, member_check.cpp reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace korrel::nn {

enum class ObjectKind : uint8_t { module, tensor };

struct RegisteredObject {
  const void* address;
  ObjectKind kind;  // module: a Module*; tensor: an OwnedTensor*
};

void register_object(const void* object, ObjectKind kind);
void unregister_object(const void* object) noexcept;

// Those with begin <= address < begin + bytes, in order of address. Thread-safe, as are the two above.
std::vector<RegisteredObject> registered_objects(const void* begin, std::size_t bytes);

}  // namespace korrel::nn
