#include <korrel/framework/kernels/partition.h>

#include <algorithm>

namespace korrel::kernels {
namespace {

// Waking a second thread costs some 5 us when it still spins; 512K multiply-adds take 8 us at 64 per ns: from 100 x 100
// x 100 on two threads are no slower than one.
constexpr int64_t kLeastWork = 1 << 19;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

Partition::Partition(int64_t batch, int64_t rows, int64_t columns, int64_t depth, int64_t row_unit, int64_t column_unit)
    : batch_(batch), rows_(rows), columns_(columns), row_unit_(row_unit), column_unit_(column_unit) {
  const int64_t threads = num_threads();
  const double work = static_cast<double>(batch) * rows * columns * std::max<int64_t>(depth, 1);
  const auto worthwhile = static_cast<int64_t>(std::min(work / kLeastWork, 1e6));
  const int64_t wanted = std::min(threads, worthwhile);
  if (wanted > 1 && batch < 2 * wanted) {
    // Each column part packs all of its rows' panels and each row part all of its columns': take the cut that packs
    // least.
    const int64_t row_units = ceil_div(rows, row_unit), column_units = ceil_div(columns, column_unit);
    const int64_t each = ceil_div(wanted, batch);
    int64_t least = -1;
    for (int64_t row_parts = 1; row_parts <= std::min(each, row_units); ++row_parts) {
      const int64_t column_parts = std::min(ceil_div(each, row_parts), column_units);
      const int64_t packed = column_parts * rows + row_parts * columns;
      const bool enough = row_parts * column_parts >= each;
      if (least < 0 || (enough && packed < least)) {
        row_parts_ = row_parts;
        column_parts_ = column_parts;
        least = enough ? packed : INT64_MAX;
      }
    }
    // Long rows of columns are cut finer, so that a thread which is held up delays the others less.
    column_parts_ *= std::clamp<int64_t>(std::min(column_units / column_parts_ / 16, worthwhile / (2 * wanted)), 1, 4);
  }
  grain_ = worthwhile < 1 ? size() : std::max<int64_t>(size() / worthwhile, 1);
}

Part Partition::part(int64_t index) const {
  if (row_parts_ * column_parts_ == 1) return {index, 0, rows_, 0, columns_};  // spares small products ten divisions
  const auto cut = [](int64_t size, int64_t unit, int64_t parts, int64_t i) {
    const int64_t units = ceil_div(size, unit);
    return std::min(size, units * i / parts * unit);
  };
  const int64_t column = index % column_parts_, row = index / column_parts_ % row_parts_;
  return {index / (column_parts_ * row_parts_), cut(rows_, row_unit_, row_parts_, row),
          cut(rows_, row_unit_, row_parts_, row + 1), cut(columns_, column_unit_, column_parts_, column),
          cut(columns_, column_unit_, column_parts_, column + 1)};
}

}  // namespace korrel::kernels
