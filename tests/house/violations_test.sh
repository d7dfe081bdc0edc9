# bash violations_test.sh COMPILER: the house checks can fail. Each gets a tree with one violation and must name it, and
# a clean tree, which must pass.
set -euo pipefail
compiler=${1:-c++}
house=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# place FILE TEXT: the tree then holds this one file, and an xtensor of its own for light_headers.sh.
place() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/$(dirname "$1")" "$tree/include/korrel" "$tree/include/xtensor"
  printf '%b\n' "$2" >"$tree/$1"
  touch "$tree/include/xtensor/xarray.hpp"
  ln -s ../../framework ../../layers "$tree/include/korrel"
}

check() {
  if [ "$1" = light_headers.sh ]; then
    bash "$house/$1" "$tree" "$tree/include" "$compiler"
  elif [ "$1" = catalogue.sh ]; then
    mkdir -p "$tree/docs" "$tree/framework/tensor"
    touch "$tree/framework/tensor/tensor.h"
    cp "$house"/../../docs/catalogue.* "$tree/docs"
    (cd "$tree" && find framework/ops layers -name '*.h' 2>/dev/null | sed 's|.*|#include <korrel/&>|' >korrel.h) || true
    for part in ops layers; do bash "$tree/docs/catalogue.sh" $part >"$tree/docs/$part.md" 2>/dev/null || true; done
    [ -z "${stale:-}" ] || sed -i 's/size/length/' "$tree"/docs/*.md
    bash "$house/$1" "$tree"
  else
    bash "$house/$1" "$tree"
  fi
}

# refused CHECK FILE TEXT WORDS: the check fails on the tree of that file, and says WORDS.
refused() {
  place "$2" "$3"
  local said status=0
  said=$(check "$1" 2>&1) || status=$?
  if [ $status -eq 0 ] || ! grep -qF "$4" <<<"$said" || ! grep -qF "$2:" <<<"$said"; then
    echo "$1 let pass, or did not name \"$4\": $2: $3"
    failures=$((failures + 1))
  fi
}

# allowed CHECK FILE TEXT
allowed() {
  place "$2" "$3"
  if ! check "$1"; then
    echo "$1 refused: $2: $3"
    failures=$((failures + 1))
  fi
}

d=include_direction.sh
refused $d framework/base/a.h '#include <korrel/framework/tensor/tensor.h>' 'framework/base comes before framework/tensor'
refused $d framework/tensor/a.cpp ' # include <korrel/framework/ops/exp.h>' 'framework/tensor comes before framework/ops'
refused $d framework/kernels/a.h '#include <korrel/framework/tensor/tensor.h>' 'knows framework/base only'
refused $d framework/ops/a.h '#include <korrel/framework/xt.h>' 'framework/ops comes before framework/xt.h'
refused $d framework/ops/a.h '#include <korrel/layers/conv.h>' 'framework/ops comes before layers'
refused $d models/a.h '#include <korrel/training/fit.h>' 'models comes before training'
refused $d layers/a.h '#include <korrel/korrel.h>' 'not korrel.h'
refused $d layers/a.h '#include <korrel/nowhere/b.h>' 'no such part'
refused $d layers/a.h '#include "conv.h"' 'as <korrel/...>'
refused $d layers/a.cpp '#include <xtensor/xarray.hpp>' 'only framework/xt.h'
refused $d tests/a.cpp '#include <xtensor/xarray.hpp>' 'only framework/xt.h'
allowed $d framework/xt.h '#include <xtensor/xarray.hpp>\n#include <korrel/framework/ops/exp.h>'
allowed $d layers/a.cpp '#include <korrel/framework/xt.h>\n#include <korrel/layers/a.h>'
allowed $d framework/kernels/a.cpp '#include <korrel/framework/base/parallel.h>\n#include "hwy/highway.h"'
allowed $d tests/a.cpp '#include <korrel/korrel.h>\n#include "sample.h"'

n=file_names.sh
refused $n layers/conv_utils.h '' '"conv_utils.h" says nothing'
refused $n framework/common/a.h '' '"common" says nothing'
refused $n layers/misc.cpp '' '"misc.cpp" says nothing'
refused $n layers/conv_impl.h '' '"conv_impl.h" says nothing'
refused $n layers/helpers-inl.h '' '"helpers-inl.h" says nothing'
refused $n layers/ConvLayer.h '' 'snake_case'
allowed $n framework/kernels/tile-inl.h ''
allowed $n layers/commonality.h ''

l=file_length.sh
long=$(printf 'int x;\\n%.0s' $(seq 400))
refused $l layers/a.h "$long" '401 lines'
allowed $l layers/a.h "// Long because of a table.\n$long"
allowed $l tests/a.cpp "$long"

m=macros.sh
refused $m layers/a.h '#define SQUARE(x) x' 'SQUARE'
refused $m layers/a.h '  #  define KORREL_MODULE_TOO(x) x' 'KORREL_MODULE_TOO'
allowed $m layers/a.h '#define KORREL_MODULE(...) int x\n#define LIMIT (3)'
allowed $m tests/a.cpp '#define SQUARE(x) x'

h=light_headers.sh
refused $h layers/a.h '#include <xtensor/xarray.hpp>' 'xtensor/xarray.hpp'
refused $h layers/a.h '#include <iostream>' '/iostream'
allowed $h layers/a.h '#include <vector>'
allowed $h framework/xt.h '#include <xtensor/xarray.hpp>'

c=catalogue.sh
refused $c framework/ops/a.h 'namespace korrel {\n\nTensor f(const Tensor& x);' 'f has no comment'
refused $c layers/a.h 'namespace korrel::nn {\n\nstruct F : Module {\n  KORREL_MODULE()\n};' 'F has no comment'
allowed $c framework/ops/a.h '\n// One size.\nTensor f(const Tensor& x);\nTensor g();  // another'
allowed $c layers/a.h '\nstruct F : Module {  // x [N,C] -> [N]\n  explicit F(double p = 1);\n  KORREL_MODULE()\n};'
place framework/ops/a.h '\n// One size.\nTensor f(const Tensor& x);'
if said=$(stale=1 check $c) || ! grep -qF 'docs/ops.md:1: is not what the headers say now' <<<"$said"; then
  echo "$c let a stale docs/ops.md pass"
  failures=$((failures + 1))
fi

# kernel_symbols.sh looks at objects.
symbols() {
  echo 'inline __attribute__((noinline)) float f(const float* x, int n) { return n ? x[0] * x[1] + f(x, n - 1) : 0; }
        float g(const float* x, int n) { return f(x, n); }' | "$compiler" -O1 "$@" -x c++ -c - -o "$tree/a.o"
  bash "$house/kernel_symbols.sh" "$tree/a.o"
}
if [ "$(uname -m)" = x86_64 ]; then
  if symbols -mavx2 >/dev/null; then
    echo "kernel_symbols.sh let a shared AVX2 function pass"
    failures=$((failures + 1))
  fi
  symbols || failures=$((failures + 1))
fi

[ $failures -eq 0 ]
