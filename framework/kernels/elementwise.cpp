#include <korrel/framework/kernels/elementwise.h>

#include <algorithm>
#include <cstring>

#include <korrel/framework/base/parallel.h>
#include <korrel/framework/kernels/leaves_caches.h>
#include <korrel/framework/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "korrel/framework/kernels/elementwise.cpp"
#include <korrel/framework/kernels/compiled_targets.h>

#include <hwy/foreach_target.h>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace korrel::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Both begin a cache line; size is in bytes, whole lines.
void write_past_caches(const void* from, int64_t size, void* to) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d)), n = size / static_cast<int64_t>(sizeof(float));
  for (int64_t i = 0; i < n; i += lanes)
    hn::Stream(hn::Load(d, static_cast<const float*>(from) + i), d, static_cast<float*>(to) + i);
}

}  // namespace
}  // namespace korrel::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace korrel::kernels {
namespace {

HWY_EXPORT(write_past_caches);

constexpr int64_t line = 64;
// Results above kLeavesCaches are computed in pieces of 8 lines in L1 and written past the caches. (relu of 8 MB: 10 to
// 13 GB/s, a + b 11 to 14.5, and a reader that follows at once loses less than that.)
constexpr int64_t piece_bytes = 8 * line;
// Smaller ones above this have the lines of the next 2 KiB asked for ahead: a store that misses is no stream to the
// hardware's prefetcher of L1 (relu of 1 MB: 12 to 15 GB/s).
constexpr int64_t medium_bytes = 64 << 10, ahead_bytes = 2048;

constexpr int64_t block = 512;    // elements gathered at a time: three operands of 8 bytes stay in 12 KiB of L1
constexpr int64_t long_row = 64;  // from here on rows are handed over one by one instead of gathered into blocks

RowFunction function_of(Kernel kernel) {
  ensure_target();
  // Where only one target is compiled, HWY_EXPORT's table has one entry.
  constexpr bool one_target = (HWY_TARGETS & (HWY_TARGETS - 1)) == 0;
  return kernel[one_target ? 0 : hwy::GetChosenTarget().GetIndex()];
}

constexpr int64_t step_bytes = 16;  // runs are filled in whole steps: up to one beyond their end is written

struct Buffers {
  alignas(64) std::byte bytes[max_inputs][block * 8 + step_bytes];
};

template <class T>
void fill_as(void* to, const void* value, int64_t n) {
  constexpr int64_t lanes = step_bytes / static_cast<int64_t>(sizeof(T));
  T step[lanes];
  std::fill_n(step, lanes, *static_cast<const T*>(value));
  for (int64_t i = 0; i < n; i += lanes) std::memcpy(static_cast<T*>(to) + i, step, step_bytes);
}
void fill(void* to, const void* value, int size, int64_t n) {
  if (size == 4) return fill_as<uint32_t>(to, value, n);
  if (size == 8) return fill_as<uint64_t>(to, value, n);
  fill_as<uint8_t>(to, value, n);
}

template <class T>
void gather_as(void* to, const void* from, int64_t stride, int64_t n) {
  T* __restrict out = static_cast<T*>(to);
  const T* __restrict in = static_cast<const T*>(from);
  if (stride == 1) {  // a call costs more than a few elements
    for (int64_t i = 0; i < n; ++i) out[i] = in[i];
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = in[i * stride];
  }
}
void gather(void* to, const void* from, int size, int64_t stride, int64_t n) {
  if (stride == 1 && n >= long_row) {
    std::memcpy(to, from, static_cast<std::size_t>(n * size));
  } else if (stride == 0) {
    fill(to, from, size, n);
  } else if (size == 4) {
    gather_as<uint32_t>(to, from, stride, n);
  } else if (size == 8) {
    gather_as<uint64_t>(to, from, stride, n);
  } else {
    gather_as<uint8_t>(to, from, stride, n);
  }
}

const std::byte* at(const void* data, int64_t elements, int size) {
  return static_cast<const std::byte*>(data) + elements * size;
}

// The strided job with as few dimensions as possible: neighbours that all operands walk evenly become one.
struct Loop {
  explicit Loop(const Elementwise& job) {
    const Shape& shape = *job.shape;
    Strides dense;
    dense = Strides::filled(shape.rank(), 0);
    int64_t step = 1;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      dense[d] = step;
      step *= shape[d];
    }
    auto stride = [&](int k, int d) -> int64_t {
      if (job.in[k].kind == Operand::Kind::single) return 0;
      return job.in[k].kind == Operand::Kind::full ? dense[d] : (*job.in[k].strides)[d];
    };
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      bool joins = rank > 0;
      for (int k = 0; k < job.count && joins; ++k) joins = strides[k][rank - 1] == stride(k, d) * shape[d];
      if (!joins) {
        sizes[rank] = 1;
        ++rank;
      }
      sizes[rank - 1] *= shape[d];
      for (int k = 0; k < job.count; ++k) strides[k][rank - 1] = stride(k, d);
    }
    if (rank == 0) sizes[rank++] = 1;
  }

  int rank = 0;
  int64_t sizes[Dims::max_rank];
  int64_t strides[max_inputs][Dims::max_rank] = {};
};

// A place in the loop: the index, and where each operand stands.
struct Position {
  Position(const Loop& loop, int count, int64_t flat) {
    for (int d = loop.rank - 1; d >= 0; --d) {
      index[d] = flat % loop.sizes[d];
      flat /= loop.sizes[d];
      for (int k = 0; k < count; ++k) offsets[k] += index[d] * loop.strides[k][d];
    }
  }
  // n elements on, within the current innermost row or to its end.
  void advance(const Loop& loop, int count, int64_t n) {
    int d = loop.rank - 1;
    index[d] += n;
    for (int k = 0; k < count; ++k) offsets[k] += n * loop.strides[k][d];
    for (; d > 0 && index[d] == loop.sizes[d]; --d) {
      for (int k = 0; k < count; ++k) offsets[k] += loop.strides[k][d - 1] - loop.sizes[d] * loop.strides[k][d];
      index[d] = 0;
      ++index[d - 1];
    }
  }
  int64_t row_left(const Loop& loop) const { return loop.sizes[loop.rank - 1] - index[loop.rank - 1]; }

  int64_t index[Dims::max_rank];
  int64_t offsets[max_inputs] = {};
};

class Runner {
 public:
  explicit Runner(const Elementwise& job) : job_(job), function_(function_of(job.kernel)) {
    const int64_t bytes = job.n * job.out_size;
    bool in_place = false;  // its lines are in L1 when they are written
    for (int k = 0; k < job.count; ++k) in_place |= job.in[k].data == job.out;
    const bool memory_bound = job.grain == cheap_grain && !in_place;
    if (memory_bound && bytes > medium_bytes)
      write_ = bytes > kLeavesCaches ? Write::past_caches : Write::fetched_ahead;
  }

  // Operands are full or single.
  void simple(int64_t begin, int64_t end) const {
    Row row{end - begin, out(begin), {}, 0, job_.dtype, job_.params};
    int singles = 0;
    for (int k = 0; k < job_.count; ++k) {
      bool single = job_.in[k].kind == Operand::Kind::single;
      row.in[k] = single ? job_.in[k].data : at(job_.in[k].data, begin, job_.in[k].size);
      singles += single;
      if (single) row.broadcast = 1u << k;
    }
    if (singles == 0 || row.n == 1) {
      row.broadcast = 0;
      return compute(row);
    }
    if (job_.count == 2 && singles == 1) return compute(row);
    Buffers buffers;
    int64_t n = std::min(row.n, block);
    for (int k = 0; k < job_.count; ++k)
      if (job_.in[k].kind == Operand::Kind::single) {
        fill(buffers.bytes[k], job_.in[k].data, job_.in[k].size, n);
        row.in[k] = buffers.bytes[k];
      }
    row.broadcast = 0;
    for (int64_t start = begin; start < end; start += block) {
      row.n = std::min(block, end - start);
      row.out = out(start);
      for (int k = 0; k < job_.count; ++k)
        if (job_.in[k].kind == Operand::Kind::full) row.in[k] = at(job_.in[k].data, start, job_.in[k].size);
      compute(row);
    }
  }

  // Rows long enough to be worth a call each.
  void by_rows(const Loop& loop, int64_t begin, int64_t end) const {
    Buffers buffers;
    Position place(loop, job_.count, begin);
    Row row{0, nullptr, {}, 0, job_.dtype, job_.params};
    while (begin < end) {
      int64_t length = std::min(place.row_left(loop), end - begin);
      // One broadcast operand of two goes to the row function as it is, everything else that is not dense is gathered.
      unsigned broadcast = 0;
      int64_t step = length;
      for (int k = 0; k < job_.count; ++k) {
        int64_t stride = loop.strides[k][loop.rank - 1];
        if (stride == 0 && job_.count == 2 && broadcast == 0)
          broadcast = 1u << k;
        else if (stride != 1)
          step = block;
      }
      for (int64_t done = 0; done < length; done += step) {
        row.n = std::min(step, length - done);
        row.out = out(begin + done);
        row.broadcast = broadcast;
        for (int k = 0; k < job_.count; ++k) {
          int64_t stride = loop.strides[k][loop.rank - 1];
          const std::byte* from = at(job_.in[k].data, place.offsets[k] + done * stride, job_.in[k].size);
          row.in[k] = from;
          if (stride == 1 || broadcast == 1u << k) continue;
          if (stride != 0 || done == 0) gather(buffers.bytes[k], from, job_.in[k].size, stride, row.n);
          row.in[k] = buffers.bytes[k];
        }
        compute(row);
      }
      place.advance(loop, job_.count, length);
      begin += length;
    }
  }

  // Short rows: blocks of several whole ones are gathered, so that the row function sees long ones. Rows of an operand
  // that are all the same, at least until the dimension before ends, are gathered once and doubled.
  void by_blocks(const Loop& loop, int64_t begin, int64_t end) const {
    Buffers buffers;
    Position place(loop, job_.count, begin);
    const int before = loop.rank - 2;
    const int64_t width = loop.sizes[loop.rank - 1], whole = block / width * width;
    const int64_t group = before >= 0 ? loop.sizes[before] * width : 0;  // elements in which equal rows are equal
    int64_t ready[max_inputs] = {};  // elements of equal rows, from a row's begin, that are there already
    bool equal[max_inputs] = {}, changes[max_inputs] = {}, any_changes = false;
    for (int k = 0; k < job_.count && before >= 0; ++k) {
      changes[k] = std::any_of(loop.strides[k], loop.strides[k] + before, [](int64_t s) { return s != 0; });
      equal[k] = loop.strides[k][before] == 0 && (!changes[k] || group >= block / 4);
      any_changes |= equal[k] && changes[k];
    }
    Row row{0, nullptr, {}, 0, job_.dtype, job_.params};
    for (; begin < end; begin += row.n) {
      const bool at_begin = place.row_left(loop) == width;
      row.n = std::min(at_begin ? whole : place.row_left(loop), end - begin);
      if (any_changes && at_begin) row.n = std::min(row.n, group - place.index[before] * width);
      row.out = out(begin);
      bool needed[max_inputs];
      for (int k = 0; k < job_.count; ++k) {
        const bool full = job_.in[k].kind == Operand::Kind::full;
        const int size = job_.in[k].size;
        row.in[k] = full ? at(job_.in[k].data, begin, size) : buffers.bytes[k];
        needed[k] = !full && !(at_begin && equal[k]);
        if (full || needed[k] || (changes[k] && place.index[before] == 0)) ready[k] = 0;
        if (full || needed[k]) continue;
        if (ready[k] < row.n) {
          gather(buffers.bytes[k], at(job_.in[k].data, place.offsets[k], size), size, loop.strides[k][loop.rank - 1],
                 std::min(width, row.n));
          for (int64_t done = width; done < row.n; done *= 2)
            std::memcpy(buffers.bytes[k] + done * size, buffers.bytes[k],
                        static_cast<std::size_t>(std::min(done, row.n - done) * size));
          ready[k] = row.n;
        }
      }
      if (std::none_of(needed, needed + job_.count, [](bool yes) { return yes; })) {
        place = Position(loop, job_.count, begin + row.n);
        compute(row);
        continue;
      }
      for (int64_t done = 0; done < row.n;) {
        const int64_t length = std::min(place.row_left(loop), row.n - done);
        for (int k = 0; k < job_.count; ++k) {
          if (!needed[k]) continue;
          const int size = job_.in[k].size;
          gather(buffers.bytes[k] + done * size, at(job_.in[k].data, place.offsets[k], size), size,
                 loop.strides[k][loop.rank - 1], length);
        }
        place.advance(loop, job_.count, length);
        done += length;
      }
      compute(row);
    }
  }

 private:
  enum class Write : uint8_t { plain, fetched_ahead, past_caches };

  // Calls the row function, in pieces where the way to memory asks for it.
  void compute(Row row) const {
    if (write_ == Write::plain) return function_(row);
    alignas(line) std::byte piece[piece_bytes];
    const bool past = write_ == Write::past_caches;
    const int64_t size = job_.out_size, most = (past ? piece_bytes : ahead_bytes) / size;
    for (int64_t left = row.n; left > 0; left -= row.n) {
      auto* to = static_cast<std::byte*>(row.out);
      const int64_t off = static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % line);
      row.n = std::min(left, most);
      if (past && (off != 0 || row.n * size < line)) {  // to the next line's begin
        row.n = std::min(left, (line - off) / size);
        function_(row);
      } else if (past) {
        row.n = row.n * size / line * line / size;
        row.out = piece;
        function_(row);
        HWY_DYNAMIC_DISPATCH(write_past_caches)(piece, row.n * size, to);
      } else {
        const auto* end = static_cast<const std::byte*>(out(job_.n));  // of the result: rows follow each other
        for (int64_t i = ahead_bytes; i < std::min(end - to, ahead_bytes + row.n * size); i += line)
          __builtin_prefetch(to + i, 1, 3);
        function_(row);
      }
      row.out = to + row.n * size;
      for (int k = 0; k < job_.count; ++k)
        if (row.broadcast != 1u << k) row.in[k] = at(row.in[k], row.n, job_.in[k].size);
    }
    if (past) hwy::FlushStream();
  }

  void* out(int64_t i) const { return static_cast<std::byte*>(job_.out) + i * job_.out_size; }

  const Elementwise& job_;
  RowFunction function_;
  Write write_ = Write::plain;
};

}  // namespace

void run(const Elementwise& job) {
  if (job.n == 0) return;
  Runner runner(job);
  bool strided = false;
  for (int k = 0; k < job.count; ++k) strided |= job.in[k].kind == Operand::Kind::strided;
  if (!strided) {
    if (job.n <= job.grain) return runner.simple(0, job.n);
    return parallel_for(job.n, job.grain, [&](int64_t begin, int64_t end) { runner.simple(begin, end); });
  }
  Loop loop(job);
  bool rows = loop.sizes[loop.rank - 1] >= long_row;
  parallel_for(job.n, job.grain, [&](int64_t begin, int64_t end) {
    rows ? runner.by_rows(loop, begin, end) : runner.by_blocks(loop, begin, end);
  });
}

}  // namespace korrel::kernels
#endif  // HWY_ONCE
