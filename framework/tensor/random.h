// Random numbers by counter (Philox 4x32-10, Salmon et al. 2011): element i of a draw depends on the seed, the draw and
// i alone, so any number of threads gives the same bits. Draws come from an explicit Generator or the default one.
#pragma once

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

class Generator {
 public:
  static constexpr uint64_t default_seed = 0;

  explicit Generator(uint64_t seed = default_seed) : seed_(seed) {}
  void seed(uint64_t seed) { *this = Generator(seed); }

  uint64_t seed() const { return seed_; }
  uint64_t draws() const { return draws_; }  // with the seed, the whole state: save and restore both
  void set_draws(uint64_t draws) { draws_ = draws; }

  // The next draw: a stream of its own, on which Philox(stream, i) gives as many numbers as wanted.
  uint64_t next_draw() { return draws_++; }
  uint64_t next_u64();                // one number
  double next_uniform();              // one number in [0, 1)
  int64_t next_below(int64_t bound);  // one integer in [0, bound)

 private:
  uint64_t seed_;
  uint64_t draws_ = 0;
};

Generator& default_generator();   // of this thread; seeded with Generator::default_seed
void manual_seed(uint64_t seed);  // reseeds the default generator of this thread

// Four 32-bit random words for block `index` of stream `draw`. PyTorch: none
struct PhiloxBlock {
  uint32_t words[4];
};
PhiloxBlock philox(uint64_t seed, uint64_t draw, uint64_t index);

// rand: uniform in [0, 1); randn: standard normal (Box-Muller); integers in [low, high); a permutation of 0..n-1 (i64).
Tensor rand(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
Tensor randn(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
Tensor randint(int64_t low, int64_t high, const Shape& shape, TensorOptions options = {.dtype = i64},
               Generator& generator = default_generator());              // integers in [low, high): i64
Tensor randperm(int64_t n, Generator& generator = default_generator());  // 0 ... n - 1 shuffled: i64

// The same into an existing contiguous floating tensor, outside any graph. PyTorch: torch.Tensor.uniform_/normal_
void fill_uniform(Tensor& x, double low, double high, Generator& generator = default_generator());
void fill_normal(Tensor& x, double mean, double std, Generator& generator = default_generator());

}  // namespace korrel
