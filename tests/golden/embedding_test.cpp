// PyTorch's numbers for tables of rows.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/embedding.h>

using namespace korrel;
using golden::Case;

namespace {

std::optional<int64_t> padding(const Case& c) {
  if (!c.args.has("padding_idx")) return {};
  return c.args.integer("padding_idx");
}

const golden::Ops ops = {
    {"embedding",
     [](const Case& c) {
       return embedding(c["x"], c["weight"],
                        {.padding_idx = padding(c), .scale_grad_by_freq = c.args.flag("scale_grad_by_freq")});
     }},
    {"embedding_bag",
     [](const Case& c) {
       std::string mode = c.args.text("mode");
       return embedding_bag(c["x"], c["weight"], c["offsets"],
                            {.mode = mode == "sum"    ? EmbeddingBagMode::sum
                                     : mode == "mean" ? EmbeddingBagMode::mean
                                                      : EmbeddingBagMode::max,
                             .per_sample_weights = c["per_sample_weights"],
                             .include_last_offset = c.args.flag("include_last_offset"),
                             .padding_idx = padding(c)});
     }},
};

}  // namespace

TEST_CASE("embedding") { golden::run("embedding"); }
