// The packing policies of the three convolution passes: they gather panels straight from x, w or y.
#if defined(KORREL_CONVOLUTION_PANELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_CONVOLUTION_PANELS_INL_H_
#undef KORREL_CONVOLUTION_PANELS_INL_H_
#else
#define KORREL_CONVOLUTION_PANELS_INL_H_
#endif

#include <cstdint>

#include <korrel/framework/kernels/convolution_plan.h>
#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/partial_vectors-inl.h>
#include <korrel/framework/kernels/position_gather-inl.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// Columns are positions, the depth is (channel, tap): x in the output pass, gy in the input gradient.
template <class T>
struct GatheredColumns {
  const Gather& gather;
  const T* source;  // the group's first channel in the first image
  PositionVectors<T> vectors{};

  const T* pack(int64_t column, int columns, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel, int64_t* step) {
    const hn::ScalableTag<T> d;
    constexpr int kLanes = Blocks<T>::kLanes;
    vectors.plan(gather, column, columns, Scratch::kPlan);
    *step = vectors.vectors() * kLanes;
    if (depth == 0) return panel;
    const int64_t width = vectors.vectors();
    const T* HWY_RESTRICT channel = source + depth_begin / gather.tap_count * gather.channel_stride;
    T* HWY_RESTRICT to = panel;
    int64_t tap = depth_begin % gather.tap_count;
    for (int64_t left = depth; left > 0; tap = 0, channel += gather.channel_stride) {
      const int64_t taps = smaller(gather.tap_count - tap, left);
      vectors.get(channel, tap * width, (tap + taps) * width, [&](int64_t, auto vector) HWY_ATTR {
        hn::Store(vector, d, to);
        to += kLanes;
      });
      left -= taps;
    }
    return panel;
  }
};

// Rows are (channel, tap) of x, the depth is positions: the weight gradient.
template <class T>
struct GatheredRows {
  const Gather& gather;
  const T* source;
  int64_t depth_offset;  // where this part of the positions begins
  PositionVectors<T> vectors{};

  void begin(int64_t depth_begin, int64_t depth) {
    vectors.plan(gather, depth_offset + depth_begin, depth, Scratch::kPlan);
  }

  void pack(int64_t row, int rows, int64_t, int64_t depth, T* HWY_RESTRICT panel) const {
    const hn::ScalableTag<T> d;
    constexpr int kLanes = Blocks<T>::kLanes;
    constexpr int64_t kVectorsPerPiece = kPiece / kLanes;
    const int64_t count = ceil_div(depth, kLanes);
    for (int m = 0; m < rows; ++m, panel += kPiece) {
      const int64_t tap = (row + m) % gather.tap_count;
      const T* HWY_RESTRICT channel = source + (row + m) / gather.tap_count * gather.channel_stride;
      const int64_t first = tap * vectors.vectors();
      vectors.get(channel, first, first + count, [&](int64_t i, auto vector) HWY_ATTR {
        const int64_t v = i - first;
        hn::Store(vector, d, panel + v / kVectorsPerPiece * rows * kPiece + v % kVectorsPerPiece * kLanes);
      });
    }
  }
};

// Rows are a group's input channels, the depth is (output channel, tap): w as the input gradient sees it.
template <class T>
struct FlippedWeightRows {
  const Gather& gather;
  const T* w;                // the group's first output channel
  const T* end;              // of w
  int64_t kernel, channels;  // elements of w per (k, c), input channels per group

  void begin(int64_t, int64_t) const {}

  // A row is first strung together, kernel after kernel, then cut into pieces.
  void pack(int64_t row, int rows, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel) const {
    const hn::ScalableTag<T> d;
    constexpr int64_t kLanes = Blocks<T>::kLanes;
    if (depth == 0) return;
    const bool all_taps = gather.tap_count == kernel && kernel <= kLanes;
    const int64_t first_tap = depth_begin % gather.tap_count;
    const int64_t filters = ceil_div(first_tap + depth, gather.tap_count);
    T* HWY_RESTRICT string = scratch<T>(Scratch::kString, filters * gather.tap_count + 2 * kPiece);
    for (int m = 0; m < rows; ++m, panel += kPiece) {
      const T* HWY_RESTRICT from = w + (depth_begin / gather.tap_count * channels + row + m) * kernel;
      T* HWY_RESTRICT to = string;
      for (int64_t k = 0; k < filters; ++k, from += channels * kernel, to += gather.tap_count) {
        if (all_taps) {  // a whole vector, of which the next kernel overwrites the end
          hn::StoreU(from + kLanes <= end ? hn::LoadU(d, from) : load_first(from, kernel), d, to);
        } else {
          for (int64_t t = 0; t < gather.tap_count; ++t) to[t] = from[gather.taps[t].weight];
        }
      }
      for (int64_t i = 0; i < depth; i += kLanes) {
        hn::StoreU(hn::LoadU(d, string + first_tap + i), d, panel + i / kPiece * rows * kPiece + i % kPiece);
      }
    }
  }
};

// Columns are a group's output channels, the depth is positions: gy transposed, for the weight gradient.
template <class T>
struct TransposedColumns {
  const T* gy;  // the group's first channel in the first image
  int64_t plane, image_stride;
  int64_t depth_offset;

  const T* pack(int64_t column, int columns, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel,
                int64_t* step) const {
    constexpr int kLanes = Blocks<T>::kLanes;
    const int width = columns <= kLanes ? kLanes : Blocks<T>::kColumns;
    *step = width;
    if (depth == 0) return panel;
    int64_t image = (depth_offset + depth_begin) / plane, at = (depth_offset + depth_begin) % plane;
    for (int64_t i = 0; i < depth;) {
      const int64_t length = smaller(depth - i, plane - at);
      const T* HWY_RESTRICT from = gy + image * image_stride + column * plane + at;
      for (int k = 0; k < width; k += kLanes) {
        for (int64_t j = 0; j < length; j += kLanes) {
          transpose_block(from + k * plane + j, plane, smaller(kLanes, columns - k), smaller(kLanes, length - j),
                          panel + (i + j) * width + k, width);
        }
      }
      i += length;
      at = 0;
      ++image;
    }
    return panel;
  }
};

// Rows are channels, columns are positions in all images.
template <class T>
struct PlanesTarget {
  T* to;  // the group's first channel in the first image
  int64_t plane, image_stride;
  const T* bias;  // of the group's first channel, or null

  int64_t row_stride() const { return plane; }
  const T* row_start(int64_t row) const { return bias == nullptr ? nullptr : bias + row; }
  const T* column_start(int64_t) const { return nullptr; }

  bool place(int64_t column, int count, T** pointers) const {
    constexpr int kLanes = Blocks<T>::kLanes;
    if (count % kLanes != 0) return false;
    for (int v = 0; v * kLanes < count; ++v) {
      const int64_t image = (column + v * kLanes) / plane, at = (column + v * kLanes) % plane;
      if (at + kLanes > plane) return false;
      pointers[v] = to + image * image_stride + at;
    }
    if (count == kLanes) pointers[1] = pointers[0];
    return true;
  }

  void put(int64_t row, int rows, int64_t column, int count, const T* HWY_RESTRICT tile, bool accumulate) const {
    int64_t image = column / plane, at = column % plane;
    for (int begin = 0; begin < count;) {
      const int length = static_cast<int>(smaller(count - begin, plane - at));
      for (int m = 0; m < rows; ++m) {
        copy_or_add(tile + m * Blocks<T>::kColumns + begin, length, accumulate,
                    to + image * image_stride + (row + m) * plane + at);
      }
      begin += length;
      at = 0;
      ++image;
    }
  }
};

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_CONVOLUTION_PANELS_INL_H_
