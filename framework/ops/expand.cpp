// expand and its kin and meshgrid, of ops/shape.h.
#include <string_view>

#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/ops/operand_check.h>
#include <korrel/framework/ops/shape.h>

namespace korrel {

Tensor expand(const Tensor& x, const Shape& shape) {
  check_defined("expand", x);
  // The engine sums a gradient over the dimensions that were broadcast.
  return record("expand", make_view(x, x.body().layout.expanded(shape)), {x},
                [](const Backward& b) -> Gradients { return {b.grad}; });
}
Tensor expand_as(const Tensor& x, const Tensor& other) {
  return expand(check_defined("expand_as", x), check_defined("expand_as", other, "other").shape());
}
Tensor broadcast_to(const Tensor& x, const Shape& shape) { return expand(check_defined("broadcast_to", x), shape); }

std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors) {
  check_defined("broadcast_tensors", tensors);
  Shape shape;
  for (const Tensor& x : tensors) shape = broadcast_shapes("broadcast_tensors", shape, x.shape());
  std::vector<Tensor> result;
  for (const Tensor& x : tensors) result.push_back(expand(x, shape));
  return result;
}

std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, const char* indexing) {
  bool swap = std::string_view(indexing) == "xy";
  check<ValueError>(swap || std::string_view(indexing) == "ij", "meshgrid: indexing is \"ij\" or \"xy\", got \"{}\"",
                    indexing);
  check<ValueError>(!tensors.empty(), "meshgrid: needs at least one tensor");
  check_defined("meshgrid", tensors);
  Shape shape;
  for (const Tensor& x : tensors) {
    check<ShapeError>(x.dim() <= 1, "meshgrid: needs vectors, got {}", x.shape());
    shape.push_back(x.numel());
  }
  std::vector<Tensor> result;
  for (int i = 0; i < shape.rank(); ++i) {
    Shape own = Dims::filled(shape.rank(), 1);
    own[i] = shape[i];
    Tensor grid = expand(reshape(tensors[static_cast<std::size_t>(i)], own), shape);
    result.push_back(swap && shape.rank() > 1 ? transpose(grid, 0, 1) : grid);
  }
  return result;
}

}  // namespace korrel
