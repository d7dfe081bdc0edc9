# bash light_headers.sh ROOT INCLUDE_DIR COMPILER: no public header but the named heavy ones pulls in another library,
# or <iostream> with its static constructors. A user's file stays light that way (DESIGN: 97,000 lines for xtensor alone).
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
include_dir=$2
compiler=$3
forbidden='/(xtensor|xtensor-blas|xtl|fmt|hwy|doctest|nlohmann|CLI|benchmark)/|/(iostream|zlib\.h|cblas\.h)$'

# framework/xt.h is the door to xtensor, check.h and lazy_text.h (fmt) are for source files, -inl.h is compiled per SIMD target.
public_headers() {
  cpp_files "${library_folders[@]}" | grep '\.h$' | grep -v -e '-inl\.h$' -e '^framework/xt\.h$' -e '^framework/base/\(check\|lazy_text\)\.h$'
  if [ -f korrel.h ]; then echo korrel.h; fi
}

# -M lists every file read. One run over all headers tells whether anything is wrong, single runs then tell where.
files_read() {
  sed 's|.*|#include <korrel/&>|' | "$compiler" -std=c++20 -I"$include_dir" -M -x c++ - | tr -s ' \\' '\n\n'
}

reads=$(public_headers | files_read)
if grep -Eq "$forbidden" <<<"$reads"; then
  for header in $(public_headers); do
    report < <(files_read <<<"$header" | grep -E "$forbidden" | sed "s|^|$header:1: pulls in |" | head -n 1)
  done
fi
if [ -f korrel.h ]; then
  lines=$(echo '#include <korrel/korrel.h>' | "$compiler" -std=c++20 -I"$include_dir" -E -x c++ - | wc -l)
  echo "korrel.h: $lines preprocessed lines"
fi
verdict
