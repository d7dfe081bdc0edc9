// PyTorch's numbers for shapes, indexing, padding and ordering.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <optional>

#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/gather.h>
#include <korrel/framework/ops/indexing.h>
#include <korrel/framework/ops/ordering.h>
#include <korrel/framework/ops/pad.h>
#include <korrel/framework/ops/rearrange.h>
#include <korrel/framework/ops/search.h>
#include <korrel/framework/ops/shape.h>

using namespace korrel;
using golden::Case;

namespace {

std::vector<int64_t> numbers(const golden::Args& args, const std::string& name) {
  std::vector<double> values = args.numbers(name);
  return {values.begin(), values.end()};
}

std::optional<int64_t> optional_dim(const Case& c) {
  return c.args.has("dim") ? std::optional<int64_t>(c.args.integer("dim")) : std::nullopt;
}

// [1, 2, null] of a Python slice.
std::optional<int64_t> bound(const golden::Args& item, std::size_t i) {
  golden::Args entry = item.items("item")[i];
  return entry.has("item") ? std::optional<int64_t>(entry.integer("item")) : std::nullopt;
}

std::vector<Index> indices_of(const Case& c) {
  std::vector<Index> result;
  for (const golden::Args& item : c.args.items("index")) {
    if (!item.has("item"))
      result.push_back(None);
    else if (item.is_list("item"))
      result.push_back(Slice{bound(item, 0), bound(item, 1), bound(item, 2).value_or(1)});
    else if (!item.is_text("item"))
      result.push_back(item.integer("item"));
    else if (item.text("item") == "...")
      result.push_back(Ellipsis);
    else
      result.push_back(c[item.text("item")]);
  }
  return result;
}

const golden::Ops ops = {
    {"cat", [](const Case& c) { return cat(c.numbered("x"), c.args.integer("dim")); }},
    {"stack", [](const Case& c) { return stack(c.numbered("x"), c.args.integer("dim")); }},
    {"split",
     [](const Case& c) {
       int64_t dim = c.args.integer("dim");
       return c.args.is_list("split_size_or_sections") ? split(c["x"], numbers(c.args, "split_size_or_sections"), dim)
                                                       : split(c["x"], c.args.integer("split_size_or_sections"), dim);
     }},
    {"chunk", [](const Case& c) { return chunk(c["x"], c.args.integer("chunks"), c.args.integer("dim")); }},
    {"unbind", [](const Case& c) { return unbind(c["x"], c.args.integer("dim")); }},
    {"meshgrid", [](const Case& c) { return meshgrid(c.numbered("x"), c.args.text("indexing").c_str()); }},
    {"reshape", [](const Case& c) { return reshape(c["x"], c.args.ints("shape")); }},
    {"flatten", [](const Case& c) { return flatten(c["x"], c.args.integer("start_dim"), c.args.integer("end_dim")); }},
    {"squeeze",
     [](const Case& c) { return c.args.has("dim") ? squeeze(c["x"], c.args.integer("dim")) : squeeze(c["x"]); }},
    {"unsqueeze", [](const Case& c) { return unsqueeze(c["x"], c.args.integer("dim")); }},
    {"permute", [](const Case& c) { return permute(c["x"], c.args.ints("dims")); }},
    {"transpose", [](const Case& c) { return transpose(c["x"], c.args.integer("dim0"), c.args.integer("dim1")); }},
    {"movedim", [](const Case& c) { return movedim(c["x"], c.args.ints("source"), c.args.ints("destination")); }},
    {"flip", [](const Case& c) { return flip(c["x"], c.args.ints("dims")); }},
    {"rot90", [](const Case& c) { return rot90(c["x"], c.args.integer("k"), c.args.ints("dims")); }},
    {"roll",
     [](const Case& c) {
       return roll(c["x"], c.args.ints("shifts"), c.args.has("dims") ? c.args.ints("dims") : Dims());
     }},
    {"expand", [](const Case& c) { return expand(c["x"], c.args.ints("size")); }},
    {"repeat", [](const Case& c) { return repeat(c["x"], c.args.ints("repeats")); }},
    {"repeat_interleave",
     [](const Case& c) { return repeat_interleave(c["x"], c.args.integer("repeats"), optional_dim(c)); }},
    {"tensor_unfold",
     [](const Case& c) {
       return unfold_dimension(c["x"], c.args.integer("dimension"), c.args.integer("size"), c.args.integer("step"));
     }},
    {"tril", [](const Case& c) { return tril(c["x"], c.args.integer("diagonal")); }},
    {"triu", [](const Case& c) { return triu(c["x"], c.args.integer("diagonal")); }},
    {"diagonal",
     [](const Case& c) {
       return diagonal(c["x"], c.args.integer("offset"), c.args.integer("dim1"), c.args.integer("dim2"));
     }},
    {"diag", [](const Case& c) { return diag(c["x"], c.args.integer("diagonal")); }},
    {"diff", [](const Case& c) { return diff(c["x"], c.args.integer("n"), c.args.integer("dim")); }},

    {"slice",
     [](const Case& c) {
       return slice(c["x"], c.args.integer("dim"), c.args.integer("start"), c.args.integer("end"),
                    c.args.integer("step"));
     }},
    {"select", [](const Case& c) { return select(c["x"], c.args.integer("dim"), c.args.integer("index")); }},
    {"narrow",
     [](const Case& c) {
       return narrow(c["x"], c.args.integer("dim"), c.args.integer("start"), c.args.integer("length"));
     }},
    {"getitem", [](const Case& c) { return index(c["x"], indices_of(c)); }},
    {"setitem", [](const Case& c) { return index_put(c["x"], indices_of(c), c["value"]); }},
    {"index_put",
     [](const Case& c) {
       std::vector<Index> indices;
       for (const Tensor& i : c.numbered("index")) indices.push_back(i);
       return index_put(c["x"], indices, c["value"], {.accumulate = c.args.flag("accumulate")});
     }},
    {"gather", [](const Case& c) { return gather(c["x"], c.args.integer("dim"), c["index"]); }},
    {"take_along_dim", [](const Case& c) { return take_along_dim(c["x"], c["index"], optional_dim(c)); }},
    {"take",
     [](const Case& c) {
       c.args.ignore("dim");
       return take(c["x"], c["index"]);
     }},
    {"scatter", [](const Case& c) { return scatter(c["x"], c.args.integer("dim"), c["index"], c["src"]); }},
    {"scatter_add", [](const Case& c) { return scatter_add(c["x"], c.args.integer("dim"), c["index"], c["src"]); }},
    {"scatter_reduce",
     [](const Case& c) {
       return scatter_reduce(c["x"], c.args.integer("dim"), c["index"], c["src"], c.args.text("reduce").c_str(),
                             {.include_self = c.args.flag("include_self")});
     }},
    {"index_select", [](const Case& c) { return index_select(c["x"], c.args.integer("dim"), c["index"]); }},
    {"index_add",
     [](const Case& c) {
       return index_add(c["x"], c.args.integer("dim"), c["index"], c["source"], {.alpha = c.args.number("alpha")});
     }},
    {"index_copy", [](const Case& c) { return index_copy(c["x"], c.args.integer("dim"), c["index"], c["source"]); }},
    {"index_fill",
     [](const Case& c) { return index_fill(c["x"], c.args.integer("dim"), c["index"], c.args.number("value")); }},
    {"masked_fill", [](const Case& c) { return masked_fill(c["x"], c["mask"], c.args.number("value")); }},
    {"masked_select", [](const Case& c) { return masked_select(c["x"], c["mask"]); }},
    {"masked_scatter", [](const Case& c) { return masked_scatter(c["x"], c["mask"], c["source"]); }},
    {"where", [](const Case& c) { return where(c["condition"], c["x"], c["other"]); }},
    {"nonzero", [](const Case& c) { return nonzero(c["x"]); }},
    {"one_hot", [](const Case& c) { return one_hot(c["x"], c.args.integer("num_classes")); }},
    {"bincount", [](const Case& c) { return bincount(c["x"], c["weights"], c.args.integer("minlength")); }},
    {"searchsorted",
     [](const Case& c) { return searchsorted(c["sorted_sequence"], c["x"], {.right = c.args.flag("right")}); }},

    {"pad",
     [](const Case& c) {
       std::string mode = c.args.text("mode");
       return pad(c["x"], numbers(c.args, "pad"),
                  {.mode = mode == "reflect"     ? PadMode::reflect
                           : mode == "replicate" ? PadMode::replicate
                           : mode == "circular"  ? PadMode::circular
                                                 : PadMode::constant,
                   .value = c.args.number("value")});
     }},

    {"sort",
     [](const Case& c) {
       WithIndices y = sort(c["x"], c.args.integer("dim"),
                            {.descending = c.args.flag("descending"), .stable = c.args.flag("stable")});
       return golden::Outputs{{"y", y.values}, {"indices", y.indices}};
     }},
    {"argsort",
     [](const Case& c) { return argsort(c["x"], c.args.integer("dim"), {.descending = c.args.flag("descending")}); }},
    {"topk",
     [](const Case& c) {
       WithIndices y = topk(c["x"], c.args.integer("k"), c.args.integer("dim"),
                            {.largest = c.args.flag("largest"), .sorted = c.args.flag("sorted")});
       return golden::Outputs{{"y", y.values}, {"indices", y.indices}};
     }},
    {"unique",
     [](const Case& c) {
       c.args.ignore("sorted");
       UniqueResult y = unique(c["x"]);
       return golden::Outputs{{"y", y.values}, {"inverse_indices", y.inverse_indices}, {"counts", y.counts}};
     }},
};

}  // namespace

TEST_CASE("shapes") { golden::run("shape"); }
TEST_CASE("indexing") { golden::run("indexing"); }
TEST_CASE("padding") { golden::run("pad"); }
TEST_CASE("ordering") { golden::run("ordering"); }
