#include <korrel/framework/tensor/random.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>

namespace korrel {
namespace {

constexpr int64_t blocks_per_thread = 4096;  // about 40 us of Philox

// 2^-24 and 2^-53: a uniform number is a multiple of these, so it never rounds up to 1.
float uniform_float(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
double uniform_double(uint32_t high, uint32_t low) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}

template <class T>
void uniform(T* out, int64_t n, double low, double high, Generator& generator) {
  uint64_t seed = generator.seed(), draw = generator.next_draw();
  auto scale = static_cast<T>(high - low), base = static_cast<T>(low);
  constexpr int per_block = sizeof(T) == 4 ? 4 : 2;
  parallel_for((n + per_block - 1) / per_block, blocks_per_thread, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      PhiloxBlock block = philox(seed, draw, static_cast<uint64_t>(b));
      for (int64_t j = 0, i = b * per_block; j < per_block && i < n; ++j, ++i) {
        T u;
        if constexpr (sizeof(T) == 4)
          u = uniform_float(block.words[j]);
        else
          u = uniform_double(block.words[2 * j], block.words[2 * j + 1]);
        out[i] = base + scale * u;
      }
    }
  });
}

// Box-Muller (1958): two uniform numbers make two independent normal ones.
template <class T>
void normal(T* out, int64_t n, double mean, double std, Generator& generator) {
  uint64_t seed = generator.seed(), draw = generator.next_draw();
  parallel_for((n + 1) / 2, blocks_per_thread / 4, [&](int64_t begin, int64_t end) {
    for (int64_t i = 2 * begin; i < std::min(n, 2 * end); i += 2) {
      PhiloxBlock block = philox(seed, draw, static_cast<uint64_t>(i / 2));
      double radius = std::sqrt(-2 * std::log(1 - uniform_double(block.words[0], block.words[1])));
      double angle = 2 * std::numbers::pi * uniform_double(block.words[2], block.words[3]);
      out[i] = static_cast<T>(mean + std * radius * std::cos(angle));
      if (i + 1 < n) out[i + 1] = static_cast<T>(mean + std * radius * std::sin(angle));
    }
  });
}

}  // namespace

PhiloxBlock philox(uint64_t seed, uint64_t draw, uint64_t index) {
  uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  uint32_t c[4] = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), static_cast<uint32_t>(draw),
                   static_cast<uint32_t>(draw >> 32)};
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    uint32_t next[4] = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(b),
                        static_cast<uint32_t>(a >> 32) ^ c[3] ^ key[1], static_cast<uint32_t>(a)};
    std::copy(next, next + 4, c);
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

uint64_t Generator::next_u64() {
  PhiloxBlock block = philox(seed_, next_draw(), 0);
  return uint64_t{block.words[0]} << 32 | block.words[1];
}
double Generator::next_uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }
int64_t Generator::next_below(int64_t bound) {
  check<ValueError>(bound > 0, "next_below: the bound must be positive, got {}", bound);
  // The high word of a 128-bit product: uniform up to 2^-64 * bound.
  return static_cast<int64_t>(static_cast<unsigned __int128>(next_u64()) * static_cast<uint64_t>(bound) >> 64);
}

Generator& default_generator() {
  thread_local Generator generator;
  return generator;
}
void manual_seed(uint64_t seed) { default_generator().seed(seed); }

void fill_uniform(Tensor& x, double low, double high, Generator& generator) {
  check<DtypeError>(is_floating(x.dtype()), "fill_uniform: needs a floating tensor, got {}", x.dtype());
  visit_floating(x.dtype(), [&]<class T>() { uniform(x.data<T>(), x.numel(), low, high, generator); });
}
void fill_normal(Tensor& x, double mean, double std, Generator& generator) {
  check<DtypeError>(is_floating(x.dtype()), "fill_normal: needs a floating tensor, got {}", x.dtype());
  visit_floating(x.dtype(), [&]<class T>() { normal(x.data<T>(), x.numel(), mean, std, generator); });
}

Tensor rand(const Shape& shape, TensorOptions options, Generator& generator) {
  check<DtypeError>(is_floating(options.dtype), "rand: makes floating tensors, not {}", options.dtype);
  Tensor x = make_tensor(shape, options.dtype);
  fill_uniform(x, 0, 1, generator);
  return options.requires_grad ? x.requires_grad_() : x;
}
Tensor randn(const Shape& shape, TensorOptions options, Generator& generator) {
  check<DtypeError>(is_floating(options.dtype), "randn: makes floating tensors, not {}", options.dtype);
  Tensor x = make_tensor(shape, options.dtype);
  fill_normal(x, 0, 1, generator);
  return options.requires_grad ? x.requires_grad_() : x;
}

Tensor randint(int64_t low, int64_t high, const Shape& shape, TensorOptions options, Generator& generator) {
  check<ValueError>(low < high, "randint: the range [{}, {}) is empty", low, high);
  Tensor x = make_tensor(shape, options.dtype);
  uint64_t seed = generator.seed(), draw = generator.next_draw(), range = static_cast<uint64_t>(high - low);
  visit(options.dtype, [&]<class T>() {
    T* out = x.data<T>();
    parallel_for(x.numel(), blocks_per_thread, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        PhiloxBlock block = philox(seed, draw, static_cast<uint64_t>(i));
        uint64_t word = uint64_t{block.words[0]} << 32 | block.words[1];
        out[i] = static_cast<T>(low + static_cast<int64_t>(static_cast<unsigned __int128>(word) * range >> 64));
      }
    });
  });
  return options.requires_grad ? x.requires_grad_() : x;
}

Tensor randperm(int64_t n, Generator& generator) {
  check<ValueError>(n >= 0, "randperm: n must not be negative, got {}", n);
  Tensor x = make_tensor({n}, i64);
  int64_t* out = x.data<int64_t>();
  std::iota(out, out + n, int64_t{0});
  uint64_t seed = generator.seed(), draw = generator.next_draw();
  // Fisher and Yates's shuffle. Numbers are drawn, and their places asked for, some ahead of the exchanges.
  constexpr int64_t ahead = 32;
  int64_t partner[ahead];
  for (int64_t last = n - 1; last > 0; last -= ahead) {
    const int64_t first = std::max<int64_t>(1, last - ahead + 1);
    for (int64_t i = last; i >= first; --i) {
      PhiloxBlock block = philox(seed, draw, static_cast<uint64_t>(i));
      uint64_t word = uint64_t{block.words[0]} << 32 | block.words[1];
      partner[last - i] =
          static_cast<int64_t>(static_cast<unsigned __int128>(word) * static_cast<uint64_t>(i + 1) >> 64);
      __builtin_prefetch(out + partner[last - i], 1);
    }
    for (int64_t i = last; i >= first; --i) std::swap(out[i], out[partner[last - i]]);
  }
  return x;
}

}  // namespace korrel
