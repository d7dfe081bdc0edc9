#include <korrel/datasets/sample_random.h>

namespace korrel::datasets {
namespace {

// Keeps these streams apart from those of a Generator with the same seed, which weights are drawn from.
constexpr uint64_t loader_key = 0x6c6f61646572;
constexpr int draws_per_epoch_bits = 24;
constexpr uint64_t order_stream = uint64_t{1} << 63;

}  // namespace

SampleRandom::SampleRandom(uint64_t seed, int64_t epoch, int64_t index)
    : seed_(seed ^ loader_key),
      index_(static_cast<uint64_t>(index)),
      stream_(static_cast<uint64_t>(epoch) << draws_per_epoch_bits) {}

uint64_t SampleRandom::next() {
  if (used_ == 2) {
    block_ = philox(seed_, stream_++, index_);
    used_ = 0;
  }
  int word = 2 * used_++;
  return uint64_t{block_.words[word]} << 32 | block_.words[word + 1];
}

double SampleRandom::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

int64_t SampleRandom::below(int64_t bound) {
  return static_cast<int64_t>(static_cast<unsigned __int128>(next()) * static_cast<uint64_t>(bound) >> 64);
}

Tensor epoch_order(uint64_t seed, int64_t epoch, int64_t count) {
  Generator generator(seed ^ loader_key);
  generator.set_draws(order_stream + static_cast<uint64_t>(epoch));
  return randperm(count, generator);
}

}  // namespace korrel::datasets
