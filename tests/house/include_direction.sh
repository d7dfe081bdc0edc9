# Each folder includes only itself and those before it; kernels, raw pointers only, include base alone.
# Korrel's own headers are included as <korrel/...>; xtensor's only by framework/xt.h, because they move between versions.
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

report < <(cpp_files "${library_folders[@]}" "${program_folders[@]}" tests | xargs -r awk '
  BEGIN {
    n = split("framework/base framework/tensor framework/autograd framework/kernels framework/ops framework/io " \
              "framework/xt.h layers optim datasets models training apps", names, " ")
    for (i = 1; i <= n; ++i) rank[names[i]] = i
  }
  # framework/ops/exp.h -> framework/ops; layers/conv.h -> layers; framework/xt.h and korrel.h -> themselves
  function part(path) {
    if (match(path, /^framework\/[^\/]+\//)) return substr(path, 1, RLENGTH - 1)
    if (path ~ /^framework\//) return path
    if (match(path, /^[^\/]+\//)) return substr(path, 1, RLENGTH - 1)
    return path
  }
  function wrong(what) { print FILENAME ":" FNR ": " what }
  FNR == 1 { here = part(FILENAME) }
  /^[ \t]*#[ \t]*include/ {
    target = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", target)
    if (target ~ /^"/ && target !~ /^"hwy\// && here != "tests") wrong("write the include of " target " as <korrel/...>")
    if (target ~ /^<xtensor\// && FILENAME != "framework/xt.h") wrong("only framework/xt.h includes " target)
    if (target !~ /^<korrel\//) next
    sub(/^<korrel\//, "", target)
    sub(/>.*/, "", target)
    there = part(target)
    if (!(here in rank)) next
    if (there == "korrel.h" && here != "apps") { wrong("the library includes what it uses, not korrel.h"); next }
    if (there == "korrel.h") next
    if (!(there in rank)) wrong("no such part of the library: " there)
    else if (here == "framework/kernels" && there != here && there != "framework/base")
      wrong(here " knows framework/base only, not " there)
    else if (rank[there] > rank[here]) wrong(here " comes before " there " and must not know it")
  }')
verdict
