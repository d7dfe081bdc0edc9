#!/usr/bin/env bash
# bash docs/catalogue.sh ops|layers: writes docs/ops.md or docs/layers.md to standard output. What is listed is what
# korrel.h includes. `./dev docs` calls it; a house test checks that the files are current.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

# included PATTERN: the headers of korrel.h whose path matches.
included() { sed -nE "s,^#include <korrel/($1)>,\1,p" korrel.h; }

catalogue() {
  local headers read=(framework/tensor/tensor.h $(included 'framework/(tensor/(create|random)|ops/.*)\.h') $(included 'layers/.*\.h'))
  headers=$(included "$2" | grep -v -e /fold.h -e /save.h -e /summary.h || true)
  awk -v kind="$1" -v list="${headers//$'\n'/ }" -f docs/catalogue.awk pass=1 "${read[@]}" pass=2 "${read[@]}"
}

case "${1:-}" in
  ops)
    cat <<'TEXT'
# All ops

Made from the headers by `./dev docs`: mend the comment there, not the line here. Shapes are written `[N,C,H,W]`, `...`
being any dimensions; x is the tensor that an op works on. Options stand with their defaults and are given by name:
`conv2d(x, w, b, {.stride = 2})`. What draws random numbers takes a `Generator` as its last argument besides. All are in
namespace `korrel`, and come with `korrel.h`. Operators (`a + b`, `a < b`, `-a`, ...) are those of add, lt, neg, ...
TEXT
    catalogue ops 'framework/(tensor/(create|random)|ops/.*)\.h'
    ;;
  layers)
    cat <<'TEXT'
# All layers

Made from the headers by `./dev docs`: mend the comment there, not the line here. Shapes are written `[N,C,H,W]`, `...`
being any dimensions; x is what a layer is called with. Options stand with their defaults and are given by name:
`nn::Conv2d(1, 6, 5, {.padding = 2})`. All are in namespace `korrel::nn`, and come with `korrel.h`.
TEXT
    catalogue layers 'layers/.*\.h'
    ;;
  *)
    echo "usage: bash docs/catalogue.sh ops|layers" >&2
    exit 2
    ;;
esac
