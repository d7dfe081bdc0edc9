#include <korrel/framework/ops/loss.h>

#include <tests/framework/ops/samples.h>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/softmax.h>
#include <korrel/framework/tensor/create.h>

using namespace korrel;
using samples::index;
using samples::Inputs;
using samples::real;

// So many of each sequence, and some less of every second one.
static Tensor lengths(int64_t batch, int64_t longest, int64_t less) {
  std::vector<int64_t> values;
  for (int64_t n = 0; n < batch; ++n) values.push_back(longest - n % 2 * less);
  return from_vector(values);
}

static const samples::Rows rows = {
    {"ctc_loss",
     {real({6, 3, 4}).batch(1), index({3, 2}, 3).batch()},
     [](Inputs x) {
       int64_t n = x[0].size(1);
       return ctc_loss(log_softmax(x[0], -1), x[1] + 1, lengths(n, 6, 1), lengths(n, 2, 1),
                       {.reduction = Reduction::none});
     }},
    {"ctc_loss",  // log-probabilities that are none; the last class is the blank
     {real({5, 2, 4}).batch(1), index({2, 3}, 3).batch()},
     [](Inputs x) {
       int64_t n = x[0].size(1);
       return ctc_loss(x[0], x[1], lengths(n, 5, 0), lengths(n, 2, 2), {.blank = 3, .reduction = Reduction::sum});
     }},
    {"ctc_loss",  // repeated labels do not fit into the time
     {real({3, 2, 3})},
     [](Inputs x) {
       return ctc_loss(x[0], from_vector<int64_t>({1, 1, 1, 1, 2}), lengths(2, 3, 0), lengths(2, 3, 1),
                       {.zero_infinity = true});
     }},
    {"ctc_loss",
     {real({4, 3})},
     [](Inputs x) {
       return ctc_loss(x[0], from_vector<int64_t>({1, 2}), lengths(1, 4, 0), lengths(1, 2, 0));
     }},
};
