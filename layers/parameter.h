// What a module owns: Parameter, a tensor that is trained, and Buffer, a tensor that is only saved (running
// statistics). Both are Tensors and can be passed wherever one is asked for; a plain Tensor member of a module is
// neither.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel::nn {

// A tensor that belongs to a module. Copying copies the values, so that a copied module has weights of its own;
// assigning a value of the same shape and dtype overwrites the values in place, so that an optimizer goes on training
// this one. An undefined one is absent (no bias): it is skipped everywhere.
class OwnedTensor : public Tensor {
 protected:
  enum class Kind : uint8_t { parameter, buffer };
  explicit OwnedTensor(Kind kind);
  OwnedTensor(Kind kind, const Tensor& value);  // the bytes of `value`, a copy if it is not contiguous
  OwnedTensor(const OwnedTensor& other);
  OwnedTensor(OwnedTensor&& other) noexcept;
  OwnedTensor& operator=(const OwnedTensor& other);
  OwnedTensor& operator=(OwnedTensor&& other) noexcept;
  ~OwnedTensor();

 public:
  bool is_parameter() const { return kind_ == Kind::parameter; }

  // Turns this tensor, in place, into one of another dtype: whoever holds it, an optimizer say, sees the change.
  void convert_(DType dtype);
  // Overwrites the values with those of `values`, converted; throws ShapeError unless the shapes are equal.
  void copy_(const Tensor& values);

 private:
  Kind kind_;
};

class Parameter : public OwnedTensor {
 public:
  Parameter() : OwnedTensor(Kind::parameter) {}  // absent
  explicit Parameter(const Tensor& value, bool requires_grad = true);
};

class Buffer : public OwnedTensor {
 public:
  Buffer() : OwnedTensor(Kind::buffer) {}  // absent
  explicit Buffer(const Tensor& value) : OwnedTensor(Kind::buffer, value) {}
};

}  // namespace korrel::nn
