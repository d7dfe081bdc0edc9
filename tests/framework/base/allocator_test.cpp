#include <korrel/framework/base/allocator.h>

#include <doctest/doctest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <korrel/framework/base/error.h>

using namespace korrel;

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool keeps_blocks = false;  // every block is the sanitizer's own
#else
constexpr bool keeps_blocks = true;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer)
constexpr bool sanitized = true;  // the sanitizer itself ends the program at an allocation too large for it
#else
constexpr bool sanitized = false;
#endif

TEST_CASE("blocks are aligned, do not overlap and may be written to their end") {
  struct Block {
    unsigned char* data;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  unsigned char mark = 0;
  for (std::size_t bytes : {0, 1, 63, 64, 65, 1000, 1024, 1025, 1152, 1153, 5000, 65536, 100000, 4194304, 5000001})
    for (int copy = 0; copy < 3; ++copy) {
      auto* data = static_cast<unsigned char*>(memory::allocate(bytes));
      CHECK(reinterpret_cast<std::size_t>(data) % memory::alignment == 0);
      std::memset(data, ++mark, bytes);
      blocks.push_back({data, bytes, mark});
    }
  for (const Block& block : blocks) {
    bool intact = true;
    for (std::size_t i = 0; i < block.bytes; ++i) intact = intact && block.data[i] == block.mark;
    CHECK(intact);
    memory::deallocate(block.data, block.bytes);
  }
  memory::deallocate(nullptr, 100);
}

TEST_CASE("a block that was freed is handed out again") {
  if (!keeps_blocks) return;
  for (std::size_t bytes : {48, 1000, 3000, 1000000}) {
    void* first = memory::allocate(bytes);
    memory::deallocate(first, bytes);
    int64_t calls = memory::statistics().system_allocations;
    void* second = memory::allocate(bytes - 1);  // of the same size class
    CHECK(second == first);
    CHECK(memory::statistics().system_allocations == calls);
    memory::deallocate(second, bytes - 1);
  }
}

TEST_CASE("a steady loop asks the system for nothing") {
  if (!keeps_blocks) return;
  auto step = [] {
    std::vector<std::pair<void*, std::size_t>> held;
    for (std::size_t bytes = 40; bytes < 3000000; bytes = bytes * 3 / 2)
      held.emplace_back(memory::allocate(bytes), bytes);
    for (auto [block, bytes] : held) memory::deallocate(block, bytes);
  };
  step();
  int64_t calls = memory::statistics().system_allocations;
  for (int i = 0; i < 100; ++i) step();
  CHECK(memory::statistics().system_allocations == calls);
}

TEST_CASE("statistics") {
  memory::Statistics before = memory::statistics();
  std::size_t bytes = 10'000'000;
  void* block = memory::allocate(bytes);
  memory::Statistics during = memory::statistics();
  CHECK(during.bytes_in_use - before.bytes_in_use >= 10'000'000);
  CHECK(during.bytes_in_use - before.bytes_in_use <= 11'250'000);  // at most one eighth more
  CHECK(during.peak_bytes_in_use >= during.bytes_in_use);
  memory::deallocate(block, bytes);
  memory::Statistics after = memory::statistics();
  CHECK(after.bytes_in_use == before.bytes_in_use);
  CHECK(after.peak_bytes_in_use == during.peak_bytes_in_use);
  memory::reset_peak();
  CHECK(memory::statistics().peak_bytes_in_use == after.bytes_in_use);
  if (!keeps_blocks) return;
  CHECK(after.bytes_cached >= 10'000'000);
  memory::release_cached();
  CHECK(memory::statistics().bytes_cached <= after.bytes_cached - 10'000'000);
}

TEST_CASE("impossible sizes throw") {
  CHECK_THROWS_AS(memory::allocate(~std::size_t{0}), ValueError);
  if (!sanitized) CHECK_THROWS_AS(memory::allocate(std::size_t{1} << 46), Error);  // 64 TiB
}

TEST_CASE("threads allocate, and free what others have allocated") {
  constexpr int threads = 4, rounds = 200;
  std::vector<std::vector<std::pair<unsigned char*, std::size_t>>> handed(threads);
  auto run = [&](auto body) {
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) all.emplace_back(body, t);
    for (std::thread& thread : all) thread.join();
  };
  for (int repeat = 0; repeat < 3; ++repeat) {
    run([&](int t) {
      for (int i = 0; i < rounds; ++i) {
        std::size_t bytes = static_cast<std::size_t>(1 + (i * 37 + t * 11) % 4000);
        auto* block = static_cast<unsigned char*>(memory::allocate(bytes));
        std::memset(block, t + 1, bytes);
        handed[static_cast<std::size_t>(t)].emplace_back(block, bytes);
      }
    });
    std::set<void*> different;
    for (int t = 0; t < threads; ++t)
      for (auto [block, bytes] : handed[static_cast<std::size_t>(t)]) {
        CHECK(block[0] == t + 1);
        CHECK(block[bytes - 1] == t + 1);
        different.insert(block);
      }
    CHECK(different.size() == threads * rounds);
    run([&](int t) {
      auto& others = handed[static_cast<std::size_t>((t + 1) % threads)];
      for (auto [block, bytes] : others) memory::deallocate(block, bytes);
      others.clear();
    });
  }
}
