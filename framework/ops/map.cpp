#include <korrel/framework/ops/map.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/promotion.h>

namespace korrel {
namespace {

// Whether reading `x` in order jumps through memory (a transposed matrix): then a blocked copy first is faster, 2 ms
// against 11 for a sum with a transposed matrix of 1024 x 1024.
bool jumps(const Tensor& x) {
  const Layout& layout = x.body().layout;
  if (layout.shape.rank() < 2 || std::abs(layout.strides.back()) < 8) return false;
  for (int d = 0; d < layout.shape.rank(); ++d)
    if (layout.strides[d] == 0 && layout.shape[d] > 1) return false;
  return layout.shape.numel() >= 4096;
}

// The order of dimensions in which all operands lie in memory without gaps, where that is the same for all of them, and
// not their own (two transposed matrices); empty otherwise.
Dims common_order(const std::initializer_list<Operand>& operands) {
  const Layout* first = nullptr;
  for (const Operand& operand : operands) {
    if (operand.tensor == nullptr || operand.tensor->numel() == 1) continue;
    const Layout& layout = operand.tensor->body().layout;
    if (first == nullptr) first = &layout;
    if (!(layout.shape == first->shape) || !(layout.strides == first->strides)) return {};
  }
  if (first == nullptr || first->is_contiguous()) return {};
  Dims order;
  for (int i = 0; i < first->shape.rank(); ++i) {
    order.push_back(i);
    for (int j = i;
         j > 0 && first->strides[static_cast<int>(order[j - 1])] < first->strides[static_cast<int>(order[j])]; --j)
      std::swap(order[j - 1], order[j]);
  }
  return first->permuted(order).is_contiguous() ? order : Dims();
}

// A number in the type that is computed with.
union Number {
  float f;
  double d;
  int64_t i;
  uint8_t u;
};
Number number_as(DType dtype, const Scalar& value) {
  Number number;
  switch (dtype) {
    case f32:
      number.f = value.to<float>();
      break;
    case f64:
      number.d = value.to<double>();
      break;
    case i64:
      number.i = value.to<int64_t>();
      break;
    case u8:
      number.u = value.to<uint8_t>();
      break;
    case boolean:
      number.u = value.to<bool>();
      break;
  }
  return number;
}

Tensor compute(const char* op, kernels::Kernel kernel, DType dtype, DType result,
               std::initializer_list<Operand> operands, const MapOptions& options, Tensor onto = {}) {
  if (operands.size() > 1 && !onto.defined() && std::any_of(operands.begin(), operands.end(), [](const Operand& o) {
        return o.tensor != nullptr && jumps(*o.tensor);
      })) {
    if (const Dims order = common_order(operands); !order.empty()) {  // one transposed copy, of the result
      Tensor views[kernels::max_inputs];
      Operand list[kernels::max_inputs] = {Scalar(0), Scalar(0), Scalar(0)};
      std::size_t n = 0;
      for (const Operand& operand : operands) {
        list[n] = operand;
        if (operand.tensor != nullptr && operand.tensor->numel() > 1) {
          views[n] = make_view(operand.tensor->detach(), operand.tensor->body().layout.permuted(order));
          list[n].tensor = &views[n];
        }
        ++n;
      }
      Tensor y = n == 2 ? compute(op, kernel, dtype, result, {list[0], list[1]}, options)
                        : compute(op, kernel, dtype, result, {list[0], list[1], list[2]}, options);
      Dims back = order;
      for (int i = 0; i < order.rank(); ++i) back[static_cast<int>(order[i])] = i;
      NoGradGuard guard;
      return make_view(y, y.body().layout.permuted(back)).contiguous();
    }
  }
  Tensor converted[kernels::max_inputs];  // keeps the copies alive
  const Tensor* tensors[kernels::max_inputs] = {};
  Number numbers[kernels::max_inputs];
  Layout layouts[kernels::max_inputs];
  int count = 0;
  const Shape* shape = nullptr;
  Shape broadcast;
  for (const Operand& operand : operands) {
    if (operand.tensor) {
      tensors[count] = operand.tensor;
      if (operand.converted && operand.tensor->dtype() != dtype) {
        NoGradGuard guard;
        converted[count] = operand.tensor->to(dtype);
        tensors[count] = &converted[count];
      } else if (jumps(*operand.tensor)) {
        NoGradGuard guard;
        converted[count] = operand.tensor->contiguous();
        tensors[count] = &converted[count];
      }
      const Shape& own = tensors[count]->shape();
      if (shape == nullptr) {
        shape = &own;
      } else if (!(own == *shape)) {
        broadcast = broadcast_shapes(op, *shape, own);
        shape = &broadcast;
      }
    } else {
      numbers[count] = number_as(dtype, operand.number);
    }
    ++count;
  }
  Tensor y = onto.defined() ? std::move(onto) : make_tensor(*shape, result);
  kernels::Elementwise job{kernel, dtype, options.params.data(), shape, shape->numel(), y.raw_data(), 0, 0, {}};
  job.out_size = static_cast<int>(size_of(result));
  job.count = count;
  if (options.cost > 1) job.grain = std::max<int64_t>(512, job.grain / options.cost);
  for (int k = 0; k < count; ++k) {
    kernels::Operand& in = job.in[k];
    in.size = static_cast<int>(size_of(tensors[k] ? tensors[k]->dtype() : dtype));
    if (tensors[k] == nullptr) {
      in.data = &numbers[k];
      in.kind = kernels::Operand::Kind::single;
      continue;
    }
    const Tensor& x = *tensors[k];
    in.data = x.raw_data();
    if (x.shape() == *shape && x.is_contiguous()) {
      in.kind = kernels::Operand::Kind::full;
    } else if (x.numel() == 1) {
      in.kind = kernels::Operand::Kind::single;
    } else {
      in.kind = kernels::Operand::Kind::strided;
      layouts[k] = x.body().layout.expanded(*shape);
      in.strides = &layouts[k].strides;
    }
  }
  kernels::run(job);
  return y;
}

}  // namespace

Tensor map(const char* op, kernels::Kernel kernel, DType dtype, std::initializer_list<Operand> operands,
           const MapOptions& options, Tensor onto) {
  return compute(op, kernel, dtype, dtype, operands, options, std::move(onto));
}
Tensor map_predicate(const char* op, kernels::Kernel kernel, DType dtype, std::initializer_list<Operand> operands) {
  return compute(op, kernel, dtype, boolean, operands, {});
}
Tensor map_floating(const char* op, kernels::Kernel kernel, const Tensor& x, const MapOptions& options) {
  check_defined(op, x);
  DType dtype = floating_type(x.dtype());
  return compute(op, kernel, dtype, dtype, {x}, options);
}

Tensor map_in_place(const char* op, kernels::Kernel kernel, Tensor& x, const MapOptions& options) {
  check_defined(op, x);
  const bool leaf = x.requires_grad() && x.is_leaf();
  if (leaf || !is_floating(x.dtype()) || !x.body().unique() || !x.body().storage->unique() || !x.is_contiguous()) {
    return map_floating(op, kernel, x, options);
  }
  Tensor y = x.detach();
  x.body().storage.reset();  // x keeps its place in the graph; its elements are y's from here on
  return compute(op, kernel, y.dtype(), y.dtype(), {y}, options, y);
}

}  // namespace korrel
