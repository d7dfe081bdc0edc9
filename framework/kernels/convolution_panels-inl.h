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
#include <korrel/framework/kernels/position_gather-inl.h>

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
    int64_t tap = depth_begin % gather.tap_count;
    const T* HWY_RESTRICT channel = source + depth_begin / gather.tap_count * gather.channel_stride;
    for (int64_t i = 0; i < depth; ++i) {
      for (int64_t v = 0; v < vectors.vectors(); ++v, panel += kLanes)
        hn::Store(vectors.get(channel, tap, v), d, panel);
      if (++tap == gather.tap_count) {
        tap = 0;
        channel += gather.channel_stride;
      }
    }
    return panel - depth * *step;
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
    const int64_t pieces = ceil_div(depth, kPiece);
    for (int m = 0; m < rows; ++m, panel += kPiece) {
      const int64_t tap = (row + m) % gather.tap_count;
      const T* HWY_RESTRICT channel = source + (row + m) / gather.tap_count * gather.channel_stride;
      for (int64_t piece = 0; piece < pieces; ++piece) {
        T* HWY_RESTRICT to = panel + piece * rows * kPiece;
        const int64_t begin = piece * kVectorsPerPiece;
        const int64_t end = smaller(begin + kVectorsPerPiece, vectors.vectors());
        for (int64_t v = begin; v < end; ++v, to += kLanes) hn::Store(vectors.get(channel, tap, v), d, to);
      }
    }
  }
};

// Rows are a group's input channels, the depth is (output channel, tap): w as the input gradient sees it.
template <class T>
struct FlippedWeightRows {
  const Gather& gather;
  const T* w;                // the group's first output channel
  int64_t kernel, channels;  // elements of w per (k, c), input channels per group

  void begin(int64_t, int64_t) const {}

  void pack(int64_t row, int rows, int64_t depth_begin, int64_t depth, T* HWY_RESTRICT panel) const {
    if (depth == 0) return;
    for (int m = 0; m < rows; ++m, panel += kPiece) {
      int64_t tap = depth_begin % gather.tap_count;
      const T* HWY_RESTRICT from = w + (depth_begin / gather.tap_count * channels + row + m) * kernel;
      for (int64_t piece = 0; piece < depth; piece += kPiece) {
        T* HWY_RESTRICT to = panel + piece * rows;
        const int64_t steps = smaller(kPiece, depth - piece);
        for (int64_t i = 0; i < steps; ++i) {
          to[i] = from[gather.taps[tap].weight];
          if (++tap == gather.tap_count) {
            tap = 0;
            from += channels * kernel;
          }
        }
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
    const int width = columns <= Blocks<T>::kLanes ? Blocks<T>::kLanes : Blocks<T>::kColumns;
    *step = width;
    if (depth == 0) return panel;
    int64_t image = (depth_offset + depth_begin) / plane, at = (depth_offset + depth_begin) % plane;
    for (int64_t i = 0; i < depth;) {
      const int64_t length = smaller(depth - i, plane - at);
      const T* HWY_RESTRICT from = gy + image * image_stride + column * plane + at;
      for (int64_t j = 0; j < length; ++j) {
        for (int k = 0; k < columns; ++k) panel[(i + j) * width + k] = from[k * plane + j];
        for (int k = columns; k < width; ++k) panel[(i + j) * width + k] = 0;
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
        T* HWY_RESTRICT line = to + image * image_stride + (row + m) * plane + at;
        const T* HWY_RESTRICT from = tile + m * Blocks<T>::kColumns + begin;
        for (int j = 0; j < length; ++j) line[j] = accumulate ? line[j] + from[j] : from[j];
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
