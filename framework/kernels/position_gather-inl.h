// Reads vectors of consecutive positions of a Gather (convolution_plan.h), as a tap sees them. Within a row of
// positions the source is contiguous too; so a vector is the union of few masked loads, worked out once per tap and
// used for every channel. A "same" convolution needs one load even where a vector spans rows, since the rows follow
// each other in the source as well.
#if defined(KORREL_POSITION_GATHER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_POSITION_GATHER_INL_H_
#undef KORREL_POSITION_GATHER_INL_H_
#else
#define KORREL_POSITION_GATHER_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>
#include <korrel/framework/kernels/scratch.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// A part of a vector: source + offset, of which the lanes set in `lanes` are read.
struct Load {
  int64_t offset;
  uint64_t lanes;
};

// The vectors of one range of positions, for all taps.
template <class T>
class PositionVectors {
 public:
  // Positions are counted through all images: image * volume(grid) + position. Uses `use` of the thread's scratch
  // memory.
  void plan(const Gather& gather, int64_t begin, int64_t count, Scratch use) {
    constexpr int64_t kLanes = Blocks<T>::kLanes;
    vectors_ = ceil_div(count, kLanes);
    // Runs are stretches of positions within a row and a vector.
    const int64_t most_runs = smaller(count, vectors_ + count / larger(gather.grid[2], 1) + 2);
    const int64_t parts = gather.tap_count * vectors_;
    Run* runs = scratch<Run>(use, most_runs + (gather.tap_count * most_runs + parts * kPadded) * 2 + parts);
    loads_ = reinterpret_cast<Load*>(runs + most_runs);
    padded_ = loads_ + gather.tap_count * most_runs;
    first_ = reinterpret_cast<int32_t*>(padded_ + parts * kPadded);

    const int64_t run_count = find_runs(gather, begin, count, runs);
    int32_t used = 0;
    most_ = 1;
    for (int64_t t = 0; t < gather.tap_count; ++t) {
      const Tap& tap = gather.taps[t];
      int64_t r = 0;
      for (int64_t v = 0; v < vectors_; ++v) {
        first_[t * vectors_ + v] = used;
        const int32_t begun = used;
        for (; r < run_count && runs[r].vector == v; ++r) {
          const Run& run = runs[r];
          const int64_t i0 = run.at[0] + tap.offset[0], i1 = run.at[1] + tap.offset[1], i2 = run.at[2] + tap.offset[2];
          if (i0 < 0 || i0 >= gather.plane[0] || i1 < 0 || i1 >= gather.plane[1]) continue;
          const int64_t low = larger(0, -i2), high = smaller(run.length, gather.plane[2] - i2);
          if (low >= high) continue;
          const int64_t offset = run.source + tap.plane + (i0 * gather.plane[1] + i1) * gather.plane[2] + i2;
          const uint64_t lanes = ((uint64_t{1} << high) - (uint64_t{1} << low)) << run.lane;
          if (used > begun && loads_[used - 1].offset == offset) {
            loads_[used - 1].lanes |= lanes;
          } else {
            loads_[used++] = {offset, lanes};
          }
        }
        most_ = larger(most_, used - begun);
      }
    }
    first_[parts] = used;
    if (most_ <= kPadded) {
      Load* HWY_RESTRICT to = padded_;
      for (int64_t i = 0; i < parts; ++i) {
        for (int64_t j = 0; j < most_; ++j) *to++ = first_[i] + j < first_[i + 1] ? loads_[first_[i] + j] : Load{0, 0};
      }
    }
  }

  int64_t vectors() const { return vectors_; }

  // Calls store(i, vector) with the vectors first <= i < last as they are in the channel that begins at `channel`;
  // vector v as tap t sees it has the number t * vectors() + v. Positions beyond the range read zero.
  template <class Store>
  HWY_INLINE void get(const T* HWY_RESTRICT channel, int64_t first, int64_t last, const Store& store) const {
    if (most_ == 1) {
      for (int64_t i = first; i < last; ++i) store(i, masked_load(channel + padded_[i].offset, padded_[i].lanes));
    } else if (most_ == 2) {
      for (int64_t i = first; i < last; ++i) {
        const Load a = padded_[2 * i], b = padded_[2 * i + 1];
        store(i, hn::Or(masked_load(channel + a.offset, a.lanes), masked_load(channel + b.offset, b.lanes)));
      }
    } else {
      for (int64_t i = first; i < last; ++i) {
        auto all = hn::Zero(hn::ScalableTag<T>());
        for (int32_t j = first_[i]; j < first_[i + 1]; ++j) {
          all = hn::Or(all, masked_load(channel + loads_[j].offset, loads_[j].lanes));
        }
        store(i, all);
      }
    }
  }

 private:
  static constexpr int64_t kPadded = 2;  // up to so many loads per vector are listed without gaps

  struct Run {
    int64_t vector, lane, length;
    int64_t source;  // where lane 0 of the vector is in the source, but for `at`
    int64_t at[3];
    int64_t unused;
  };
  static_assert(sizeof(Run) == 4 * sizeof(Load) && sizeof(Run) >= sizeof(int32_t));

  static int64_t find_runs(const Gather& gather, int64_t begin, int64_t count, Run* runs) {
    constexpr int64_t kLanes = Blocks<T>::kLanes;
    if (count <= 0) return 0;
    const Dims3& grid = gather.grid;
    int64_t rest = begin;
    int64_t at2 = rest % grid[2];
    rest /= grid[2];
    int64_t at1 = rest % grid[1];
    rest /= grid[1];
    int64_t at0 = rest % grid[0];
    int64_t image = rest / grid[0];
    int64_t used = 0;
    for (int64_t i = 0; i < count;) {
      const int64_t lane = i % kLanes;
      const int64_t length = smaller(smaller(kLanes - lane, count - i), grid[2] - at2);
      runs[used++] = {i / kLanes, lane, length, image * gather.image_stride - lane, {at0, at1, at2}, 0};
      i += length;
      at2 += length;
      if (at2 == grid[2]) {
        at2 = 0;
        if (++at1 == grid[1]) {
          at1 = 0;
          if (++at0 == grid[0]) {
            at0 = 0;
            ++image;
          }
        }
      }
    }
    return used;
  }

  int64_t vectors_ = 0;
  int64_t most_ = 1;       // loads per vector
  Load* loads_ = nullptr;  // those of vector i are loads_[first_[i]] up to loads_[first_[i + 1]]
  int32_t* first_ = nullptr;
  Load* padded_ = nullptr;  // [vector][most_], if that is at most kPadded; what is missing reads no lane
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_POSITION_GATHER_INL_H_
