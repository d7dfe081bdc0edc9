#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <korrel/framework/base/error.h>
#include <korrel/framework/base/parallel.h>

using namespace korrel;

namespace {

// Sets the number of threads while it lives.
struct Threads {
  int before = num_threads();
  explicit Threads(int threads) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before); }
};

}  // namespace

TEST_CASE("every index is visited once, whatever the sizes") {
  for (int threads : {1, 2, 3, 8}) {
    Threads scope(threads);
    for (int64_t n : {0, 1, 2, 7, 100, 1001}) {
      for (int64_t grain : {0, 1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> visits(n);
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
          CHECK(begin < end);
          for (int64_t i = begin; i < end; ++i) ++visits[i];
        });
        CHECK(std::all_of(visits.begin(), visits.end(), [](const std::atomic<int>& v) { return v == 1; }));
      }
    }
  }
}

TEST_CASE("small work stays on the calling thread, in one piece") {
  Threads scope(4);
  int calls = 0;
  parallel_for(100, 100, [&](int64_t begin, int64_t end) {
    CHECK(begin == 0);
    CHECK(end == 100);
    ++calls;
  });
  CHECK(calls == 1);
}

TEST_CASE("several threads take part, and the pool keeps them") {
  Threads scope(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> arrived{0};
    parallel_for(3, 1, [&](int64_t, int64_t) {
      {
        std::lock_guard<std::mutex> lock(mutex);
        seen.insert(std::this_thread::get_id());
      }
      ++arrived;
      while (arrived < 3) std::this_thread::yield();  // ends only if three threads run at once
    });
  }
  CHECK(seen.size() == 3);
}

TEST_CASE("nested calls and serial sections run inline") {
  Threads scope(4);
  std::atomic<int64_t> sum{0};
  parallel_for(8, 1, [&](int64_t begin, int64_t end) {
    const std::thread::id outer = std::this_thread::get_id();
    for (int64_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](int64_t b, int64_t e) {
        CHECK(std::this_thread::get_id() == outer);
        sum += e - b;
      });
    }
  });
  CHECK(sum == 80);

  int calls = 0;
  {
    SerialSection serial;
    parallel_for(100, 1, [&](int64_t, int64_t) { ++calls; });
  }
  CHECK(calls == 1);
}

TEST_CASE("an exception reaches the caller, and the pool lives on") {
  Threads scope(3);
  for (int64_t thrower : {0, 57, 99}) {
    CHECK_THROWS_WITH_AS(parallel_for(100, 1,
                                      [&](int64_t begin, int64_t end) {
                                        if (begin <= thrower && thrower < end) throw std::runtime_error("body");
                                      }),
                         "body", std::runtime_error);
  }
  std::atomic<int64_t> sum{0};
  parallel_for(100, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  CHECK(sum == 100);
}

TEST_CASE("several callers at once") {
  Threads scope(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        parallel_for(64, 4, [&](int64_t begin, int64_t end) { sum += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sum == 4 * 200 * 64);
}

TEST_CASE("the number of threads may change between calls") {
  Threads scope(1);
  for (int threads : {2, 5, 1, 3, 2}) {
    set_num_threads(threads);
    CHECK(num_threads() == threads);
    std::atomic<int64_t> sum{0};
    parallel_for(1000, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    CHECK(sum == 1000);
  }
  CHECK_THROWS_AS(set_num_threads(0), ValueError);
  CHECK_THROWS_AS(set_num_threads(100000), ValueError);
}

#if !defined(__SANITIZE_THREAD__)  // which does not support threads made after a fork
TEST_CASE("a forked child has a pool of its own") {
  Threads scope(3);
  std::atomic<int64_t> sum{0};
  const auto add = [&](int64_t begin, int64_t end) { sum += end - begin; };
  parallel_for(100, 1, add);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    parallel_for(100, 1, add);
    _exit(sum == 200 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
