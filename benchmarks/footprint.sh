#!/usr/bin/env bash
# What Korrel costs beside time in its ops: start of a process to the first tensor, size of the shared library, a user's
# compile, peak memory. Called by `./dev bench footprint` after a release build; libtorch's side if its programs are built.
#   benchmarks/footprint.sh BUILD_FOLDER SHARED_BUILD_FOLDER
set -euo pipefail
build=$1
shared=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

line() { printf '%-52s %12s  %s\n' "$1" "$2" "$3"; }
# Median of the numbers on stdin.
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

cat > "$work/first.cpp" <<'CPP'
#include <korrel/korrel.h>
int main() { return static_cast<int>(korrel::ones({1}).item()) - 1; }
CPP
flags=(-std=c++20 -O2 "-I$build/include")
g++ "${flags[@]}" -o "$work/first" "$work/first.cpp" -L"$shared" -lkorrel "-Wl,-rpath,$shared"
for _ in $(seq 21); do
  begin=$(date +%s%N)
  "$work/first"
  echo $(( ($(date +%s%N) - begin) / 1000 ))
done | median | awk '{ printf "%.1f\n", $1 / 1000 }' > "$work/start"
line "process start to first tensor, and exit" "$(cat "$work/start") ms" "(under 15)"

cp "$(readlink -f "$shared/libkorrel.so")" "$work/libkorrel.so"
strip "$work/libkorrel.so"
line "shared library, stripped" "$(stat -c %s "$work/libkorrel.so" | awk '{ printf "%.1f", $1 / 1e6 }') MB" "(under 12)"

awk '/^```cpp/ { on = 1; next } /^```/ { if (on) exit } on' README.md > "$work/user.cpp"
for _ in 1 2 3 4 5; do
  /usr/bin/env time -f '%e %M' -o "$work/one" g++ "${flags[@]}" -c -o "$work/user.o" "$work/user.cpp" || exit 1
  cat "$work/one"
done > "$work/compile"
line "README's LeNet-5: compile" "$(cut -d' ' -f1 "$work/compile" | median) s" "(under 2)"
line "README's LeNet-5: compiler's memory" "$(cut -d' ' -f2 "$work/compile" | median | awk '{ printf "%.0f", $1 / 1024 }') MB" "(under 500)"

for case in "resnet18 train 32" ${KORREL_DATA:+"mnist epoch 64"}; do
  for side in korrel torch; do
    [ -x "$build/bin/${side}_memory" ] || continue
    line "peak memory, $case, $side" "$("$build/bin/${side}_memory" "$case" 3) MB" ""
  done
done
