// The profiler: which rows there are, what is counted in them. Times are only compared with each other.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include <korrel/korrel.h>

using namespace korrel;

namespace {

struct Net : nn::Module {
  nn::Conv2d conv{1, 2, 3};
  nn::Linear fc{2 * 4 * 4, 3};
  KORREL_MODULE(conv, fc)
  Tensor forward(const Tensor& x) override { return fc(relu(conv(x)).flatten(1)); }
};

const ProfileRow* find(const std::vector<ProfileRow>& rows, const std::string& op, const std::string& path,
                       bool backward) {
  for (const ProfileRow& row : rows)
    if (row.op == op && row.path == path && row.backward == backward) return &row;
  return nullptr;
}

}  // namespace

TEST_CASE("a training step: one row per op and module path, forward and backward apart, work counted") {
  Net net;
  optim::SGD sgd(net.parameters(), {.lr = 0.1});
  Tensor x = ones({5, 1, 6, 6});
  Tensor y = from_vector(std::vector<int64_t>{0, 1, 2, 0, 1});
  Profile measured = profile();
  for (int i = 0; i < 3; ++i) {
    sgd.zero_grad();
    cross_entropy(net(x), y).backward();
    sgd.step();
  }
  measured.stop();
  net(x);  // no longer seen
  std::vector<ProfileRow> rows = measured.rows();

  const ProfileRow* conv = find(rows, "conv2d", "Net.conv", false);
  REQUIRE(conv);
  CHECK(conv->calls == 3);
  CHECK(conv->multiply_adds == 3 * 5 * 2 * 9 * 16);  // calls * images * channels * taps * positions
  CHECK(conv->bytes == 3 * 4 * (5 * 36 + 2 * 9 + 2 + 5 * 2 * 16));
  const ProfileRow* conv_back = find(rows, "conv2d", "Net.conv", true);
  REQUIRE(conv_back);
  CHECK(conv_back->calls == 3);
  CHECK(conv_back->multiply_adds == 3 * 5 * 2 * 9 * 16);  // the weights' gradient only: x wants none
  CHECK(find(rows, "relu", "Net", false));
  CHECK(find(rows, "relu", "Net", true));
  REQUIRE(find(rows, "SGD.step", "", false));
  CHECK(find(rows, "SGD.step", "", false)->calls == 3);
  for (const ProfileRow& row : rows)
    if (row.op == "reshape" && !row.backward) CHECK(row.bytes == 0);  // a view moves nothing

  double sum = 0;
  for (const ProfileRow& row : rows) sum += row.seconds;
  CHECK(sum > 0);
  CHECK(sum <= measured.seconds());
  CHECK(std::is_sorted(rows.begin(), rows.end(),
                       [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; }));
  std::string table = measured.table();
  CHECK(table.find("Net.conv") != std::string::npos);
  CHECK(table.find("conv2d (backward)") != std::string::npos);
  CHECK(table.find("GFLOP/s") != std::string::npos);
}

TEST_CASE("one Profile per thread at a time; other threads are not measured") {
  Profile first = profile();
  CHECK_THROWS_WITH_AS(profile(), doctest::Contains("measured already"), ValueError);
  std::thread([] { exp(ones({3})); }).join();
  CHECK(first.rows().empty());
  exp(ones({3}));
  CHECK(first.rows().size() == 1);
  first.stop();
  Profile second = profile();  // possible again
  CHECK(second.rows().empty());
}

TEST_CASE("an exception on the way leaves the profiler usable") {
  Profile measured = profile();
  CHECK_THROWS(matmul(ones({2, 3}), ones({2, 3})));
  exp(ones({3}));
  CHECK(measured.rows().size() == 1);
}

TEST_CASE("an optional input that is not given does not disturb the profiler") {
  Profile measured = profile();
  conv2d(ones({1, 1, 4, 4}), ones({1, 1, 3, 3}));
  REQUIRE(measured.rows().size() == 1);
  CHECK(measured.rows()[0].bytes == 4 * (16 + 9 + 4));
}
