#include <korrel/framework/tensor/tensor.h>

#include <limits>

#include <korrel/framework/base/allocator.h>
#include <korrel/framework/base/check.h>

namespace korrel {

Ref<Storage> Storage::allocate(std::size_t bytes) {
  return Ref<Storage>(new (memory::allocate(header_bytes + bytes)) Storage(bytes));
}
void Storage::destroy(Storage* storage) {
  std::size_t bytes = header_bytes + storage->bytes_;
  storage->~Storage();
  memory::deallocate(storage, bytes);
}

TensorBody::TensorBody(Ref<Storage> bytes, const Layout& where, DType type)
    : storage(std::move(bytes)), layout(where), dtype(type) {}
TensorBody::~TensorBody() {
  if (node) NodeCount::release(node);
}
void TensorBody::destroy(TensorBody* body) { delete body; }
void* TensorBody::operator new(std::size_t bytes) { return memory::allocate(bytes); }
void TensorBody::operator delete(void* block, std::size_t bytes) { memory::deallocate(block, bytes); }

GradState& TensorBody::grad_state() {
  if (!state) state = Ref<GradState>(new GradState);
  return *state;
}

Tensor make_tensor(const Shape& shape, DType dtype) {
  std::size_t bytes = size_of(dtype);
  for (int64_t size : shape) {
    check<ShapeError>(size >= 0, "tensor: negative size in shape {}", shape);
    check<ShapeError>(size == 0 || bytes <= std::numeric_limits<int64_t>::max() / 2 / static_cast<std::size_t>(size),
                      "tensor: shape {} is too large", shape);
    bytes *= static_cast<std::size_t>(size);
  }
  return Tensor(Ref<TensorBody>(new TensorBody(Storage::allocate(bytes), Layout::contiguous(shape), dtype)));
}

Tensor make_view(const Tensor& x, const Layout& layout) {
  return Tensor(Ref<TensorBody>(new TensorBody(x.body().storage, layout, x.dtype())));
}

TensorBody& Tensor::body() const {
  check<ValueError>(defined(), "tensor: this one is undefined");
  return *body_;
}

const Shape& Tensor::shape() const { return body().layout.shape; }
const Strides& Tensor::strides() const { return body().layout.strides; }
int64_t Tensor::size(int64_t dim) const {
  check<ShapeError>(this->dim() > 0, "size: a scalar has no dimension {}", dim);
  return shape()[wrap_dim("size", dim, this->dim())];
}
DType Tensor::dtype() const { return body().dtype; }
bool Tensor::is_contiguous() const { return body().layout.is_contiguous(); }

void* Tensor::raw_data() const { return body().data(); }

void* Tensor::checked_data(DType expected) const {
  check<DtypeError>(dtype() == expected, "data: the tensor is {}, asked for {}", dtype(), expected);
  check<ValueError>(is_contiguous(), "data: the tensor is a view of shape {} with strides {}; call contiguous() first",
                    shape(), strides());
  return raw_data();
}

template <class T>
T Tensor::item() const {
  check<ValueError>(numel() == 1, "item: needs exactly one element, shape is {}", shape());
  return visit(dtype(), [&]<class S>() { return static_cast<T>(*static_cast<const S*>(raw_data())); });
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  Tensor dense = detach().contiguous();
  return visit(dtype(), [&]<class S>() {
    const S* values = dense.data<S>();
    return std::vector<T>(values, values + dense.numel());
  });
}

template float Tensor::item() const;
template double Tensor::item() const;
template int64_t Tensor::item() const;
template int Tensor::item() const;
template uint8_t Tensor::item() const;
template bool Tensor::item() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<int> Tensor::to_vector() const;
template std::vector<uint8_t> Tensor::to_vector() const;
template std::vector<bool> Tensor::to_vector() const;

bool Tensor::requires_grad() const { return defined() && body_->requires_grad; }

Tensor& Tensor::requires_grad_(bool value) {
  check<DtypeError>(!value || is_floating(dtype()), "requires_grad_: only floating tensors have gradients, this is {}",
                    dtype());
  check<ValueError>(is_leaf() || value, "requires_grad_: this tensor came from an op; use detach()");
  body_->requires_grad = value;
  return *this;
}

bool Tensor::is_leaf() const { return body().node == nullptr; }
Tensor Tensor::grad() const { return body().state ? body_->state->grad : Tensor(); }

void Tensor::set_grad(const Tensor& grad) {
  if (grad.defined()) {
    check<ShapeError>(grad.shape() == shape(), "set_grad: the gradient is {}, the tensor {}", grad.shape(), shape());
    check<DtypeError>(grad.dtype() == dtype(), "set_grad: the gradient is {}, the tensor {}", grad.dtype(), dtype());
    body().grad_state().grad = grad;
  } else if (body().state) {
    body_->state->grad = {};
  }
}
void Tensor::zero_grad() { set_grad({}); }

Tensor Tensor::detach() const { return make_view(*this, body().layout); }

}  // namespace korrel
