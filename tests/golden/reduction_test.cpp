// PyTorch's numbers for reductions, softmax, norms and scans.
#include <doctest/doctest.h>

#include <tests/golden/golden.h>

#include <korrel/framework/ops/extremum.h>
#include <korrel/framework/ops/reduction.h>
#include <korrel/framework/ops/scan.h>
#include <korrel/framework/ops/softmax.h>

using namespace korrel;
using golden::Case;

namespace {

DimList dims(const Case& c) { return c.args.has("dim") ? DimList(c.args.ints("dim")) : DimList(); }
ReduceOptions keep(const Case& c) { return {.keepdim = c.args.flag("keepdim")}; }
VarOptions spread(const Case& c) { return {.unbiased = c.args.flag("unbiased"), .keepdim = c.args.flag("keepdim")}; }

golden::Result both(const WithIndices& result) {
  return golden::Outputs{{"y", result.values}, {"indices", result.indices}};
}

using Whole = Tensor (*)(const Tensor&);
using Along = WithIndices (*)(const Tensor&, int64_t, const ReduceOptions&);
using Where = Tensor (*)(const Tensor&, int64_t, const ReduceOptions&);

// max, min and median: of the whole tensor, or along a dimension with indices.
golden::Result picked(const Case& c, Whole whole, Along along) {
  if (c.args.has("dim")) return both(along(c["x"], c.args.integer("dim"), keep(c)));
  c.args.ignore("keepdim");
  return whole(c["x"]);
}
golden::Result place(const Case& c, Whole whole, Where along) {
  if (c.args.has("dim")) return along(c["x"], c.args.integer("dim"), keep(c));
  c.args.ignore("keepdim");
  return whole(c["x"]);
}

const golden::Ops ops = {
    {"sum", [](const Case& c) { return sum(c["x"], dims(c), keep(c)); }},
    {"nansum", [](const Case& c) { return nansum(c["x"], dims(c), keep(c)); }},
    {"mean", [](const Case& c) { return mean(c["x"], dims(c), keep(c)); }},
    {"prod", [](const Case& c) { return prod(c["x"], dims(c), keep(c)); }},
    {"var", [](const Case& c) { return var(c["x"], dims(c), spread(c)); }},
    {"std", [](const Case& c) { return korrel::std(c["x"], dims(c), spread(c)); }},
    {"amax", [](const Case& c) { return amax(c["x"], dims(c), keep(c)); }},
    {"amin", [](const Case& c) { return amin(c["x"], dims(c), keep(c)); }},
    {"logsumexp", [](const Case& c) { return logsumexp(c["x"], dims(c), keep(c)); }},
    {"all", [](const Case& c) { return all(c["x"], dims(c), keep(c)); }},
    {"any", [](const Case& c) { return any(c["x"], dims(c), keep(c)); }},
    {"count_nonzero", [](const Case& c) { return count_nonzero(c["x"], dims(c)); }},
    {"max", [](const Case& c) { return picked(c, max, max); }},
    {"min", [](const Case& c) { return picked(c, min, min); }},
    {"median", [](const Case& c) { return picked(c, median, median); }},
    {"argmax", [](const Case& c) { return place(c, argmax, argmax); }},
    {"argmin", [](const Case& c) { return place(c, argmin, argmin); }},
    {"kthvalue",
     [](const Case& c) { return both(kthvalue(c["x"], c.args.integer("k"), c.args.integer("dim"), keep(c))); }},
    {"softmax", [](const Case& c) { return softmax(c["x"], c.args.integer("dim")); }},
    {"log_softmax", [](const Case& c) { return log_softmax(c["x"], c.args.integer("dim")); }},
    {"softmin", [](const Case& c) { return softmin(c["x"], c.args.integer("dim")); }},
    {"norm", [](const Case& c) { return norm(c["x"], c.args.number("p"), dims(c), keep(c)); }},
    {"cumsum", [](const Case& c) { return cumsum(c["x"], c.args.integer("dim")); }},
    {"cumprod", [](const Case& c) { return cumprod(c["x"], c.args.integer("dim")); }},
    {"logcumsumexp", [](const Case& c) { return logcumsumexp(c["x"], c.args.integer("dim")); }},
    {"cummax", [](const Case& c) { return both(cummax(c["x"], c.args.integer("dim"))); }},
    {"cummin", [](const Case& c) { return both(cummin(c["x"], c.args.integer("dim"))); }},
};

}  // namespace

TEST_CASE("reductions") { golden::run("reductions"); }
TEST_CASE("softmax") { golden::run("softmax"); }
TEST_CASE("norms_and_scans") { golden::run("norms_and_scans"); }
