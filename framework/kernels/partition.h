// How a matrix product is cut into parts for threads: a grid over batch x rows x columns, never over the depth that is
// summed over, so that the cut does not show in the bits of the result.
#pragma once

#include <cstdint>

#include <korrel/framework/base/parallel.h>

namespace korrel::kernels {

struct Part {
  int64_t batch, row_begin, row_end, column_begin, column_end;
};

class Partition {
 public:
  // Rows are cut at multiples of row_unit, columns at multiples of column_unit.
  Partition(int64_t batch, int64_t rows, int64_t columns, int64_t depth, int64_t row_unit, int64_t column_unit);

  int64_t size() const { return batch_ * row_parts_ * column_parts_; }
  int64_t grain() const { return grain_; }  // parts that are too small to be worth a thread of their own
  Part part(int64_t index) const;

 private:
  int64_t batch_, rows_, columns_, row_unit_, column_unit_;
  int64_t row_parts_ = 1, column_parts_ = 1, grain_ = 1;
};

}  // namespace korrel::kernels
