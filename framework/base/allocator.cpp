#include <korrel/framework/base/allocator.h>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>

#include <korrel/framework/base/check.h>

#if defined(__SANITIZE_ADDRESS__)
#define KORREL_PLAIN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define KORREL_PLAIN_MALLOC 1
#endif
#endif

namespace korrel::memory {
namespace {

// Size classes: multiples of 64 up to 1 KiB, then eight per doubling (at most 12.5 % of a block is unused).
constexpr std::size_t small_limit = 1024;
constexpr int small_classes = small_limit / alignment;  // 16
constexpr int classes = small_classes + 8 * (48 - 10);  // up to 2^48 bytes
constexpr std::size_t huge_page = std::size_t{2} << 20;

[[maybe_unused]] int class_of(std::size_t bytes) {  // not under sanitizers
  if (bytes <= small_limit) return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / alignment);
  int power = std::bit_width(bytes - 1) - 1;  // 2^power < bytes <= 2^(power+1), power >= 10
  auto eighth = static_cast<int>((bytes - 1) >> (power - 3)) & 7;
  return small_classes + 8 * (power - 10) + eighth;
}

std::size_t bytes_of(int index) {
  if (index < small_classes) return (index + 1) * alignment;
  int power = (index - small_classes) / 8 + 10, eighth = (index - small_classes) % 8;
  return (std::size_t{1} << power) + (std::size_t(eighth + 1) << (power - 3));
}

struct FreeBlock {
  FreeBlock* next;
};

std::atomic<int64_t> in_use{0}, peak{0}, cached{0}, system_calls{0};

void count_in_use(int64_t bytes) {
  int64_t now = in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes, seen = peak.load(std::memory_order_relaxed);
  while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
}

// Blocks that no thread holds. Never destroyed: other static objects may free tensors after main.
struct Pool {
  std::mutex mutex;
  std::array<FreeBlock*, classes> free{};

  void* take(int index) {
    std::lock_guard lock(mutex);
    FreeBlock* block = free[index];
    if (block) {
      free[index] = block->next;
      cached.fetch_sub(bytes_of(index), std::memory_order_relaxed);
    }
    return block;
  }
  void put(int index, FreeBlock* block) {
    std::lock_guard lock(mutex);
    block->next = free[index];
    free[index] = block;
    cached.fetch_add(bytes_of(index), std::memory_order_relaxed);
  }
  void release(int first_class) {
    std::lock_guard lock(mutex);
    for (int index = first_class; index < classes; ++index) {
      while (FreeBlock* block = free[index]) {
        free[index] = block->next;
        cached.fetch_sub(bytes_of(index), std::memory_order_relaxed);
        std::free(block);
      }
    }
  }
};
Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

// A thread's own blocks of the small classes: graph nodes and tensor bodies come and go without a lock. Bounded, so
// that what a loader thread allocates and the training thread frees flows back.
thread_local bool cache_is_gone = false;  // outlives the cache: tensors may be freed by what dies after it
struct ThreadCache {
  [[maybe_unused]] static constexpr int most = 128;
  std::array<FreeBlock*, small_classes> free{};
  std::array<int, small_classes> count{};

  ~ThreadCache() {
    cache_is_gone = true;
    for (int index = 0; index < small_classes; ++index) {
      while (FreeBlock* block = free[index]) {
        free[index] = block->next;
        pool().put(index, block);
      }
    }
  }
};
thread_local ThreadCache cache;

void* from_system(std::size_t bytes) {
  system_calls.fetch_add(1, std::memory_order_relaxed);
  // Large blocks on huge pages: fewer page faults and TLB misses in streaming kernels.
  bool large = bytes >= 2 * huge_page;
  std::size_t align = large ? huge_page : alignment;
  void* block = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (!block) return nullptr;
  if (large) madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

}  // namespace

void* allocate(std::size_t bytes) {
  check<ValueError>(bytes < (std::size_t{1} << 47), "allocate: {} bytes cannot be had", bytes);
#ifdef KORREL_PLAIN_MALLOC
  void* plain = from_system(std::max<std::size_t>(bytes, 1));
  check(plain, "out of memory: {} bytes asked for", bytes);
  count_in_use(static_cast<int64_t>(bytes));
  return plain;
#else
  int index = class_of(bytes);
  if (index < small_classes && !cache_is_gone) {
    if (FreeBlock* block = cache.free[index]) {
      cache.free[index] = block->next;
      --cache.count[index];
      return block;
    }
  }
  std::size_t rounded = bytes_of(index);
  void* block = pool().take(index);
  if (!block) {
    // What is kept must not exceed what the program needs at its height: sizes that no longer occur go back.
    if (index >= small_classes && cached.load() > std::max(peak.load(), int64_t{64} << 20)) release_cached();
    block = from_system(rounded);
    if (!block) {
      release_cached();
      block = from_system(rounded);
      check(block, "out of memory: {} bytes asked for, {} in use", bytes, in_use.load());
    }
  }
  if (index >= small_classes) count_in_use(static_cast<int64_t>(rounded));
  return block;
#endif
}

void deallocate(void* block, std::size_t bytes) noexcept {
  if (!block) return;
#ifdef KORREL_PLAIN_MALLOC
  in_use.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  std::free(block);
#else
  int index = class_of(bytes);
  auto* free_block = static_cast<FreeBlock*>(block);
  if (index < small_classes && !cache_is_gone && cache.count[index] < ThreadCache::most) {
    free_block->next = cache.free[index];
    cache.free[index] = free_block;
    ++cache.count[index];
    return;
  }
  if (index >= small_classes) in_use.fetch_sub(static_cast<int64_t>(bytes_of(index)), std::memory_order_relaxed);
  pool().put(index, free_block);
#endif
}

Statistics statistics() { return {in_use.load(), peak.load(), cached.load(), system_calls.load()}; }
void reset_peak() { peak.store(in_use.load()); }
void release_cached() { pool().release(small_classes); }

}  // namespace korrel::memory
