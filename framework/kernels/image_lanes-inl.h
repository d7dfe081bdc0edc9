// Copies between images one after the other and images side by side, a vector's lanes being images: then a convolution
// of small planes leaves no lane empty at the ends of rows. Used by the direct convolutions, in place of copy_padded
// and copy_units.
#if defined(KORREL_IMAGE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KORREL_IMAGE_LANES_INL_H_
#undef KORREL_IMAGE_LANES_INL_H_
#else
#define KORREL_IMAGE_LANES_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include <korrel/framework/kernels/matrix_product-inl.h>
#include <korrel/framework/kernels/padded_planes.h>
#include <korrel/framework/kernels/transpose-inl.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

// to[j * to_stride + image] = from[image * image_stride + j] for j < count; lanes without an image become zero.
template <class T>
void images_to_lanes(const T* HWY_RESTRICT from, int64_t image_stride, int64_t images, int64_t count,
                     T* HWY_RESTRICT to, int64_t to_stride) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  for (int64_t j = 0; j < count; j += kLanes) {
    transpose_block(from + j, image_stride, images, smaller(kLanes, count - j), to + j * to_stride, to_stride);
  }
}

// The inverse, for vectors one after the other.
template <class T>
void lanes_to_images(const T* HWY_RESTRICT from, int64_t images, int64_t count, T* HWY_RESTRICT to,
                     int64_t image_stride) {
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  for (int64_t j = 0; j < count; j += kLanes) {
    transpose_block<true>(from + j * kLanes, kLanes, smaller(kLanes, count - j), images, to + j, image_stride);
  }
}

// As copy_padded(), of `images` images that are image_stride apart; each element of the copy is a vector.
template <class T>
void copy_padded_images(const PaddedPlanes& p, const Source& source, const T* HWY_RESTRICT from, int64_t image_stride,
                        int64_t images, int64_t channels, int64_t row_begin, int64_t row_end, bool zeros_there,
                        T* HWY_RESTRICT to) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = Blocks<T>::kLanes;
  Dims3 low = p.low, size = p.size;
  low[p.axis] += row_begin;
  size[p.axis] -= p.rows_per_chunk - (row_end - row_begin);
  if (volume(source.stride) == 1 && low == Dims3{0, 0, 0} && size == source.size && size == p.size) {  // as it lies
    return images_to_lanes(from, image_stride, images, channels * volume(size), to, kLanes);
  }
  const auto clear = [&](T* vectors, int64_t count) HWY_ATTR {
    if (zeros_there) return;
    for (int64_t i = 0; i < count; ++i) hn::Store(hn::Zero(d), d, vectors + i * kLanes);
  };
  for (int64_t i = 0; i < channels * source.phases; ++i, to += volume(p.size) * kLanes) {
    const Dims3& phase = source.phase[i % source.phases];
    const T* HWY_RESTRICT channel = from + i / source.phases * volume(source.size) + phase[2];
    const int64_t s2 = source.stride[2];
    const int64_t width = source.size[2] > phase[2] ? ceil_div(source.size[2] - phase[2], s2) : 0;
    const int64_t left = smaller(larger(-low[2], 0), size[2]), right = larger(smaller(width - low[2], size[2]), left);
    // Rows that follow each other on both sides are one long row.
    const bool one_row = source.stride[1] == 1 && s2 == 1 && low[2] == 0 && size[2] == source.size[2] && low[1] >= 0 &&
                         low[1] + size[1] <= source.size[1];
    for (int64_t q0 = 0; q0 < size[0]; ++q0) {
      const int64_t i0 = (q0 + low[0]) * source.stride[0] + phase[0];
      const bool inside0 = q0 + low[0] >= 0 && i0 < source.size[0];
      for (int64_t q1 = 0; q1 < (one_row && inside0 ? 1 : size[1]); ++q1) {
        T* HWY_RESTRICT row = to + (q0 * p.size[1] + q1) * size[2] * kLanes;
        const int64_t i1 = (q1 + low[1]) * source.stride[1] + phase[1];
        if (!inside0 || q1 + low[1] < 0 || i1 >= source.size[1]) {
          clear(row, size[2]);
          continue;
        }
        const T* HWY_RESTRICT source_row = channel + (i0 * source.size[1] + i1) * source.size[2] + (low[2] + left) * s2;
        clear(row, left);
        if (s2 == 1) {
          images_to_lanes(source_row, image_stride, images, one_row ? size[1] * size[2] : right - left,
                          row + left * kLanes, kLanes);
        } else {
          for (int64_t q2 = 0; q2 < right - left; ++q2) {
            for (int64_t image = 0; image < kLanes; ++image) {
              row[(left + q2) * kLanes + image] = image < images ? source_row[image * image_stride + q2 * s2] : 0;
            }
          }
        }
        clear(row + right * kLanes, size[2] - right);
      }
    }
  }
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // KORREL_IMAGE_LANES_INL_H_
