#include <korrel/framework/ops/recurrent.h>

#include <cstring>

#include <korrel/framework/autograd/backward.h>
#include <korrel/framework/autograd/record.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/kernels/matmul.h>
#include <korrel/framework/kernels/recurrent.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/matmul.h>
#include <korrel/framework/ops/recurrent_steps.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/tensor/create.h>

namespace korrel {
namespace {

const char* op_of(RecurrentCell cell) {
  switch (cell) {
    case RecurrentCell::rnn_tanh:
      return "rnn_tanh";
    case RecurrentCell::rnn_relu:
      return "rnn_relu";
    case RecurrentCell::lstm:
      return "lstm";
    case RecurrentCell::gru:
      return "gru";
  }
  return "";
}
kernels::Cell kernel_of(RecurrentCell cell) {
  switch (cell) {
    case RecurrentCell::rnn_tanh:
      return kernels::Cell::rnn_tanh;
    case RecurrentCell::rnn_relu:
      return kernels::Cell::rnn_relu;
    case RecurrentCell::lstm:
      return kernels::Cell::lstm;
    case RecurrentCell::gru:
      return kernels::Cell::gru;
  }
  return {};
}

void check_one(const char* op, const char* name, const Tensor& given, const Shape& shape, const Tensor& x) {
  check<ShapeError>(given.shape() == shape, "{}: {} expects shape {}, got {} (x {})", op, name, shape, given.shape(),
                    x.shape());
  check<DtypeError>(given.dtype() == x.dtype(), "{}: {} is {}, x is {}", op, name, given.dtype(), x.dtype());
}

// Throws unless x [rows,features], the weights and the state belong together. Returns the width of h.
int64_t check_arguments(const char* op, RecurrentCell cell, const Tensor& x, int64_t batch, const RecurrentState& state,
                        const RecurrentWeights& w) {
  check<ValueError>(w.weight_ih.defined() && w.weight_hh.defined(), "{}: {} is undefined", op,
                    w.weight_ih.defined() ? "weight_hh" : "weight_ih");
  check<DtypeError>(is_floating(x.dtype()), "{}: expects a floating tensor, x is {}", op, x.dtype());
  int64_t gates = kernels::gates_of(kernel_of(cell)), height = w.weight_ih.dim() == 2 ? w.weight_ih.size(0) : 0;
  check<ShapeError>(w.weight_ih.dim() == 2 && height % gates == 0,
                    "{}: weight_ih expects shape [{}*hidden,features], got {}", op, gates, w.weight_ih.shape());
  check<ShapeError>(w.weight_ih.size(1) == x.size(1),
                    "{}: weight_ih expects {} features, x has {} (x {}, weight_ih {})", op, w.weight_ih.size(1),
                    x.size(1), x.shape(), w.weight_ih.shape());
  int64_t hidden = height / gates, width = hidden;
  if (w.weight_hr.defined()) {
    check<ValueError>(cell == RecurrentCell::lstm, "{}: only lstm has a projection, weight_hr must be undefined", op);
    check<ShapeError>(w.weight_hr.dim() == 2, "{}: weight_hr expects shape [proj,{}], got {}", op, hidden,
                      w.weight_hr.shape());
    width = w.weight_hr.size(0);
    check_one(op, "weight_hr", w.weight_hr, {width, hidden}, x);
  }
  check_one(op, "weight_ih", w.weight_ih, w.weight_ih.shape(), x);
  check_one(op, "weight_hh", w.weight_hh, {height, width}, x);
  check<ValueError>(w.bias_ih.defined() == w.bias_hh.defined(), "{}: bias_ih and bias_hh go together, {} is undefined",
                    op, w.bias_ih.defined() ? "bias_hh" : "bias_ih");
  if (w.bias_ih.defined()) {
    check_one(op, "bias_ih", w.bias_ih, {height}, x);
    check_one(op, "bias_hh", w.bias_hh, {height}, x);
  }
  check<ValueError>(cell == RecurrentCell::lstm || !state.c.defined(), "{}: only lstm has a state c", op);
  check<ValueError>(cell != RecurrentCell::lstm || state.h.defined() == state.c.defined(),
                    "{}: h and c go together, {} is undefined", op, state.h.defined() ? "c" : "h");
  if (state.h.defined()) check_one(op, "h", state.h, {batch, width}, x);
  if (state.c.defined()) check_one(op, "c", state.c, {batch, hidden}, x);
  return width;
}

RecurrentSteps steps_of(const char* op, const Tensor& x, const std::vector<int64_t>& sizes, bool reverse) {
  check<ValueError>(!sizes.empty(), "{}: needs at least one step, batch_sizes is empty", op);
  RecurrentSteps steps;
  steps.reverse = reverse;
  for (std::size_t t = 0; t < sizes.size(); ++t) {
    check<ValueError>(sizes[t] >= 0 && (t == 0 || sizes[t] <= sizes[t - 1]),
                      "{}: batch_sizes must not grow or be negative, at step {} there is {}", op, t, sizes[t]);
    steps.begins.push_back(steps.rows);
    steps.rows += sizes[t];
  }
  steps.sizes = sizes;
  check<ShapeError>(steps.rows == x.size(0), "{}: batch_sizes add up to {} rows, x has {} (x {})", op, steps.rows,
                    x.size(0), x.shape());
  return steps;
}

Tensor dense(const Tensor& x) { return x.defined() ? x.detach().contiguous() : Tensor(); }
template <class T>
T* data_of(Tensor& x, int64_t offset = 0) {
  return x.defined() ? x.data<T>() + offset : nullptr;
}
template <class T>
void copy_rows(const T* from, T* to, int64_t count) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

// What the forward pass leaves for the gradient, a row for each row of x.
struct Kept {
  Tensor gates, h_before, c_before, candidate;
};

// All steps by the kernels. `kept` gets what its gradient needs if it is wanted.
Recurrence run(RecurrentCell cell, const Tensor& x, const RecurrentSteps& steps, const RecurrentState& initial,
               const RecurrentWeights& w, Kept& kept, bool wanted) {
  const bool is_lstm = cell == RecurrentCell::lstm, is_gru = cell == RecurrentCell::gru;
  const int64_t width = w.weight_hh.size(0), hidden = w.weight_hh.size(1), batch = steps.batch();
  const DType dtype = x.dtype();
  kept.gates = linear(x.detach(), w.weight_ih.detach(), dense(w.bias_ih));
  if (wanted) {
    kept.h_before = make_tensor({steps.rows, hidden}, dtype);
    if (is_lstm) kept.c_before = make_tensor({steps.rows, hidden}, dtype);
    if (is_gru) kept.candidate = make_tensor({steps.rows, hidden}, dtype);
  }
  // weight_hh as [gates,hidden,hidden], each gate's matrix transposed. It is read in every step: rows that are short
  // and next to each other need no packing there (a quarter faster than one matrix for all gates).
  const int64_t gates = width / hidden;
  Tensor blocks = w.weight_hh.detach().contiguous().reshape({gates, hidden, hidden}).transpose(1, 2);
  if (steps.count() > 1) blocks = blocks.contiguous();
  Tensor bias = dense(w.bias_hh);
  Recurrence result{make_tensor({steps.rows, hidden}, dtype), initial.h.detach().contiguous().clone(), {}};
  if (is_lstm) result.c_n = initial.c.detach().contiguous().clone();
  Tensor recurrent = make_tensor({gates, batch, hidden}, dtype);
  visit_floating(dtype, [&]<class T>() {
    const kernels::MatrixStrides strides{blocks.strides()[0], blocks.strides()[1], blocks.strides()[2]};
    T *h = result.h_n.data<T>(), *c = data_of<T>(result.c_n);
    for (int64_t k = 0; k < steps.count(); ++k) {
      const std::size_t t = steps.nth(k);
      const int64_t n = steps.sizes[t], at = steps.begins[t];
      if (wanted) {
        copy_rows(h, kept.h_before.data<T>() + at * hidden, n * hidden);
        if (is_lstm) copy_rows<T>(c, kept.c_before.data<T>() + at * hidden, n * hidden);
      }
      kernels::matmul<T>(gates, n, hidden, hidden, h, {0, hidden, 1}, static_cast<const T*>(blocks.raw_data()), strides,
                         recurrent.data<T>());
      kernels::cell_step<T>(kernel_of(cell),
                            {n, hidden, kept.gates.data<T>() + at * width, recurrent.data<T>(), data_of<T>(bias), h, c,
                             result.y.data<T>() + at * hidden, data_of<T>(kept.candidate, at * hidden)});
    }
  });
  return result;
}

// The inputs of the graph, in the order in which they are recorded.
struct Inputs {
  Tensor x;
  RecurrentState initial;
  RecurrentWeights weights;

  SmallVector<Tensor, 7> list() const {
    return {x, initial.h, initial.c, weights.weight_ih, weights.weight_hh, weights.bias_ih, weights.bias_hh};
  }
};

// The gradients by the kernels.
Gradients gradients(const Backward& b, RecurrentCell cell, const RecurrentSteps& steps, const Inputs& inputs,
                    Kept kept) {
  const bool is_lstm = cell == RecurrentCell::lstm, is_gru = cell == RecurrentCell::gru;
  const RecurrentWeights& w = inputs.weights;
  const int64_t width = w.weight_hh.size(0), hidden = w.weight_hh.size(1), batch = steps.batch();
  const DType dtype = inputs.x.dtype();
  Tensor gy = b.grad_of(0).contiguous(), gh = b.grad_of(1).contiguous().clone(), gc, passed;
  if (is_lstm) gc = b.grad_of(2).contiguous().clone();
  if (is_gru) passed = zeros({batch, hidden}, {dtype});
  Tensor gradient = make_tensor({steps.rows, width}, dtype), recurrent_gradient = gradient;
  if (is_gru) recurrent_gradient = make_tensor({steps.rows, width}, dtype);
  Tensor weight = dense(w.weight_hh);
  visit_floating(dtype, [&]<class T>() {
    for (int64_t k = 0; k < steps.count(); ++k) {
      const std::size_t t = steps.nth_last(k);
      const int64_t n = steps.sizes[t], at = steps.begins[t];
      T* to = recurrent_gradient.data<T>() + at * width;
      kernels::cell_gradient_step<T>(
          kernel_of(cell),
          {n, hidden, kept.gates.data<T>() + at * width, is_gru ? kept.h_before.data<T>() + at * hidden : nullptr,
           data_of<T>(kept.c_before, at * hidden), data_of<T>(kept.candidate, at * hidden), gy.data<T>() + at * hidden,
           gh.data<T>(), data_of<T>(gc), data_of<T>(passed), gradient.data<T>() + at * width, is_gru ? to : nullptr});
      kernels::matmul<T>(1, n, hidden, width, to, {0, width, 1}, weight.data<T>(), {0, hidden, 1}, gh.data<T>());
    }
  });
  Gradients result;
  result.resize(7);
  if (b.needs(0)) result[0] = mm(gradient, w.weight_ih.detach());
  if (b.needs(1)) result[1] = is_gru ? gh + passed : gh;
  if (b.needs(2)) result[2] = gc;
  if (b.needs(3)) result[3] = mm(gradient.t(), inputs.x.detach());
  if (b.needs(4)) result[4] = mm(recurrent_gradient.t(), kept.h_before);
  if (b.needs(5) || (b.needs(6) && !is_gru)) result[5] = sum(gradient, 0);
  if (b.needs(6)) result[6] = is_gru ? sum(recurrent_gradient, 0) : result[5];
  return result;
}

// A tensor of its own in the graph on the same bytes: gradients with respect to it stop there, even if another input
// was computed from the original.
Tensor alias(const Tensor& x) {
  if (!x.defined()) return x;
  return record("alias", make_view(x, x.body().layout), {x}, [](const Backward& b) -> Gradients { return {b.grad}; });
}

// The gradients as ops, for gradients of gradients: those of the same steps composed of ops. Inputs whose own gradient
// is not asked for are in there too: that of x depends on the weights.
Gradients gradients_in_ops(const Backward& b, RecurrentCell cell, const RecurrentSteps& steps, const Inputs& given) {
  SmallVector<Tensor, 7> in = given.list();
  std::vector<Tensor> wanted;
  for (std::size_t i = 0; i < in.size(); ++i) {
    in[i] = alias(in[i]);
    if (b.needs(static_cast<int>(i))) wanted.push_back(in[i]);
  }
  Recurrence again = recurrence_of_ops(cell, in[0], steps, {in[1], in[2]}, {in[3], in[4], in[5], in[6]});
  std::vector<Tensor> ys{again.y, again.h_n}, upstream{b.grad_of(0), b.grad_of(1)};
  if (again.c_n.defined()) {
    ys.push_back(again.c_n);
    upstream.push_back(b.grad_of(2));
  }
  std::vector<Tensor> found = grad(ys, wanted, upstream, {.create_graph = true, .allow_unused = true});
  Gradients result;
  result.resize(in.size());
  for (std::size_t i = 0, next = 0; i < in.size(); ++i)
    if (b.needs(static_cast<int>(i))) result[i] = found[next++];
  return result;
}

Recurrence checked_recurrence(const char* op, RecurrentCell cell, const Tensor& x, const RecurrentSteps& steps,
                              RecurrentState initial, const RecurrentWeights& w) {
  int64_t width = check_arguments(op, cell, x, steps.batch(), initial, w);
  if (!initial.h.defined()) initial.h = zeros({steps.batch(), width}, {x.dtype()});
  if (!initial.c.defined() && cell == RecurrentCell::lstm)
    initial.c = zeros({steps.batch(), w.weight_hh.size(0) / 4}, {x.dtype()});
  if (w.weight_hr.defined()) return recurrence_of_ops(cell, x, steps, initial, w);

  Inputs inputs{x, initial, w};
  bool wanted = recording::wanted(inputs.list());
  Kept kept;
  Recurrence result = run(cell, x, steps, initial, w, kept, wanted);
  if (!wanted) return result;
  auto closure = [cell, steps, inputs, kept](const Backward& b) -> Gradients {
    return grad_enabled() ? gradients_in_ops(b, cell, steps, inputs) : gradients(b, cell, steps, inputs, kept);
  };
  SmallVector<Tensor, 7> in = inputs.list();
  if (cell == RecurrentCell::lstm)
    record_outputs(op, {&result.y, &result.h_n, &result.c_n}, {in[0], in[1], in[2], in[3], in[4], in[5], in[6]},
                   std::move(closure));
  else
    record_outputs(op, {&result.y, &result.h_n}, {in[0], in[1], in[2], in[3], in[4], in[5], in[6]}, std::move(closure));
  return result;
}

RecurrentState one_step(const char* op, RecurrentCell cell, const Tensor& x, const RecurrentState& state,
                        const RecurrentWeights& weights) {
  check<ValueError>(x.defined(), "{}: x is undefined", op);
  check<ShapeError>(x.dim() == 1 || x.dim() == 2, "{}: x needs shape [N,features] or [features], has {}", op,
                    x.shape());
  if (x.dim() == 1) {
    auto as_row = [&](const Tensor& part, const char* name) {
      if (!part.defined()) return part;
      check<ShapeError>(part.dim() == 1, "{}: {} needs 1 dimension as x has, got {}", op, name, part.shape());
      return part.unsqueeze(0);
    };
    RecurrentState y = one_step(op, cell, x.unsqueeze(0), {as_row(state.h, "h"), as_row(state.c, "c")}, weights);
    return {y.h.squeeze(0), y.c.defined() ? y.c.squeeze(0) : y.c};
  }
  Recurrence y = checked_recurrence(op, cell, x, steps_of(op, x, {x.size(0)}, false), state, weights);
  return {y.y, y.c_n};
}

}  // namespace

Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights) {
  return one_step("rnn_tanh_cell", RecurrentCell::rnn_tanh, x, {h}, weights).h;
}
Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights) {
  return one_step("rnn_relu_cell", RecurrentCell::rnn_relu, x, {h}, weights).h;
}
RecurrentState lstm_cell(const Tensor& x, const RecurrentState& state, const RecurrentWeights& weights) {
  return one_step("lstm_cell", RecurrentCell::lstm, x, state, weights);
}
Tensor gru_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& weights) {
  return one_step("gru_cell", RecurrentCell::gru, x, {h}, weights).h;
}

Recurrence recurrence(RecurrentCell cell, const Tensor& x, const std::vector<int64_t>& batch_sizes,
                      const RecurrentState& initial, const RecurrentWeights& weights,
                      const RecurrenceOptions& options) {
  const char* op = op_of(cell);
  check<ValueError>(x.defined(), "{}: x is undefined", op);
  check<ShapeError>(x.dim() == 2, "{}: x needs shape [rows,features], has {}", op, x.shape());
  return checked_recurrence(op, cell, x, steps_of(op, x, batch_sizes, options.reverse), initial, weights);
}

}  // namespace korrel
