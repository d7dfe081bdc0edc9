// The input gradient at a stride, with channels as lanes: all phases read one padded copy of gy, and write their sums
// between each other's, so that these lie in the order of the result. Also the output of a transposed convolution.
#if defined(KORREL_PHASE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_PHASE_LANES_INL_H_
#undef KORREL_PHASE_LANES_INL_H_
#else
#define KORREL_PHASE_LANES_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/broadcast_tile-inl.h>
#include <korrel/framework/kernels/phase_plan.h>
#include <korrel/framework/kernels/scratch.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Rows [begin, end) of the plan's axis, of one image or of several whole ones.
struct PhaseChunk {
  int64_t image, images, begin, end;
};

template <class T>
class PhaseProduct {
 public:
  PhaseProduct(const ConvGeometry& geometry, const T* gy, const T* w, const T* bias, T* gx)
      : g_(geometry),
        plan_(plan_phases(geometry, sizeof(T))),
        p_(plan_.images),
        channels_(g_.c / g_.groups),
        filters_(g_.k / g_.groups),
        vectors_(panel_vectors(channels_, kLanes)),
        columns_(vectors_ * kLanes),
        panels_(ceil_div(channels_, columns_)),
        width_(panels_ * columns_),
        most_positions_(position_count(p_, plan_.phase[0].gather.grid)),
        gy_(gy),
        gx_(gx) {
    weights_ = scratch<T>(Scratch::kWeights, g_.groups * width_ * (plan_.depth + 1));
    starts_ = weights_ + g_.groups * width_ * plan_.depth;
    for (int64_t i = 0; i < g_.groups * width_; ++i) {
      const int64_t group = i / width_, c = i % width_;
      starts_[i] = bias == nullptr || c >= channels_ ? T{0} : bias[group * channels_ + c];
    }
    const int64_t kernel = volume(g_.kernel);
    const auto pack = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t i = begin; i < end; ++i) pack_filter(i / filters_, i % filters_, w + i * channels_ * kernel);
    };
    parallel_for(g_.k, larger((1 << 17) / larger(width_ * kernel, 1), 1), pack);
  }

  // Parts are (chunk, group): each copies gy with padding into L2.
  void run() const {
    const auto run_parts = [&](int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t part = begin; part < end; ++part) {
        const int64_t row = part % p_.chunks * p_.rows_per_chunk, image = part / p_.chunks / g_.groups * p_.images;
        run_part({image, smaller(p_.images, g_.n - image), row, smaller(row + p_.rows_per_chunk, p_.rows)},
                 part / p_.chunks % g_.groups);
      }
    };
    parallel_for(ceil_div(g_.n, p_.images) * g_.groups * p_.chunks,
                 larger((1 << 18) / larger(most_positions_ * plan_.depth * channels_, 1), 1), run_parts);
  }

 private:
  static constexpr int64_t kLanes = Blocks<T>::kLanes;

  // Weights are [group][phase][panel][depth][columns].
  T* panel_weights(int64_t group, const Phase& phase, int64_t panel) const {
    return weights_ + (group * plan_.depth + phase.depth_before) * width_ + panel * phase.depth * columns_;
  }

  // The weights of one channel of gy, [channel][tap] in memory: vectors of channels for each tap.
  void pack_filter(int64_t group, int64_t filter, const T* HWY_RESTRICT w) const {
    const int64_t kernel = volume(g_.kernel);
    HWY_ALIGN T taps[kLanes * kLanes];
    for (int64_t c = 0; c < width_; c += kLanes) {
      for (int64_t r = 0; r < kernel; r += kLanes) {
        const int64_t count = smaller(kernel - r, kLanes);
        transpose_block(w + c * kernel + r, kernel, larger(smaller(channels_ - c, kLanes), 0), count, taps, kLanes);
        for (int64_t t = 0; t < count; ++t) {
          const TapPlace& place = plan_.place[r + t];
          const Phase& phase = plan_.phase[place.phase];
          copy_or_add(taps + t * kLanes, kLanes, false,
                      panel_weights(group, phase, c / columns_) +
                          (filter * phase.gather.tap_count + place.tap) * columns_ + c % columns_);
        }
      }
    }
  }

  // Rows of the result have the sums of stride[2] phases, [position][phase][column of the panel].
  void run_part(const PhaseChunk& chunk, int64_t group) const {
    const int64_t steps = g_.stride[2];
    T* padded = scratch<T>(Scratch::kPadded, p_.images * p_.image_stride + kLanes);
    T* sums = scratch<T>(Scratch::kImages, (most_positions_ + kSpareDistances) * steps * columns_);
    for (int64_t i = 0; i < chunk.images; ++i) {
      copy_padded_image(p_, {1, 1, 1}, g_.out, gy_ + ((chunk.image + i) * g_.k + group * filters_) * volume(g_.out),
                        chunk.begin, chunk.end, padded + i * p_.image_stride);
    }
    for (int64_t panel = 0; panel < panels_; ++panel) {
      const T* start = starts_ + group * width_ + panel * columns_;
      for (int64_t i = 0; i < plan_.count; i += steps) {
        Dims3 grid = plan_.phase[i].gather.grid;
        grid[p_.axis] = larger(smaller(grid[p_.axis], chunk.end) - chunk.begin, 0);
        for (int64_t f = 0; f < smaller(steps, g_.in[2]); ++f) {
          const Phase& phase = plan_.phase[i + f];
          multiply(phase, chunk.images * volume(grid), padded, panel_weights(group, phase, panel), start,
                   sums + f * columns_);
        }
        store(chunk, plan_.phase[i].at, grid, sums, group * channels_ + panel * columns_,
              smaller(columns_, channels_ - panel * columns_));
      }
    }
  }

  // Weights are worked off in blocks that stay in L1.
  void multiply(const Phase& phase, int64_t positions, const T* padded, const T* weights, const T* start,
                T* sums) const {
    const EvenCut blocks(phase.depth, kBroadcastBytes / (columns_ * static_cast<int64_t>(sizeof(T))), 1);
    for (int64_t block = 0; block < blocks.count; ++block) {
      const int64_t begin = blocks.begin(block);
      broadcast_product<T>(vectors_, positions, blocks.end(block) - begin, padded, phase.distance + begin,
                           phase.position, weights + begin * columns_, block == 0 ? start : nullptr, block > 0, sums,
                           g_.stride[2] * columns_);
    }
  }

  // `results` channels of the rows of `phase`, whose positions are `grid`.
  void store(const PhaseChunk& chunk, const Dims3& phase, const Dims3& grid, const T* sums, int64_t channel,
             int64_t results) const {
    Dims3 start = phase;
    start[2] = 0;
    start[p_.axis] += chunk.begin * g_.stride[p_.axis];
    const int64_t plane = volume(g_.in), pitch = grid[2] * g_.stride[2];
    const int64_t size = smaller(pitch, g_.in[2] - start[2]);
    for (int64_t image = 0; image < chunk.images; ++image) {
      T* of_image = gx_ + ((chunk.image + image) * g_.c + channel) * plane;
      for (int64_t q0 = 0; q0 < grid[0]; ++q0) {
        for (int64_t q1 = 0; q1 < grid[1]; ++q1) {
          const T* from = sums + ((image * grid[0] + q0) * grid[1] + q1) * pitch * columns_;
          T* to = of_image + ((start[0] + q0 * g_.stride[0]) * g_.in[1] + start[1] + q1 * g_.stride[1]) * g_.in[2] +
                  start[2];
          for (int64_t c = 0; c < results; c += kLanes) {
            for (int64_t j = 0; j < size; j += kLanes) {
              transpose_block<true>(from + j * columns_ + c, columns_, smaller(kLanes, size - j),
                                    smaller(kLanes, results - c), to + c * plane + j, plane);
            }
          }
        }
      }
    }
  }

  const ConvGeometry& g_;
  const PhasePlan plan_;
  const PaddedImages& p_;
  const int64_t channels_, filters_;                  // per group
  const int64_t vectors_, columns_, panels_, width_;  // of a panel; a panel; all panels
  const int64_t most_positions_;                      // of a phase in a chunk
  const T* gy_;
  T* gx_;
  T *weights_, *starts_;
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_PHASE_LANES_INL_H_
