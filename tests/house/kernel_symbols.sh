# bash kernel_symbols.sh OBJECT...: no function that other objects may define too (weak: std:: templates, inline
# functions) is compiled for more than the baseline CPU. The linker keeps any one copy, and a CPU without AVX would crash in it.
# Functions in Highway's own namespaces per target (N_AVX2, ...) are meant to be wide and are not looked at.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || exit 0
violations=0
for object; do
  wide=$(awk '
    NR == FNR { if ($2 ~ /^[VWu]$/) weak[$3] = 1; else if ($1 ~ /^[VWu]$/) weak[$2] = 1; next }
    /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/^<|>:$/, "", name); watched = (name in weak) && name !~ /N_(SSE|SSSE|AVX)/ }
    watched && /%[yz]mm|\t(v[a-z0-9]+|sarx|shlx|shrx|rorx|mulx|andn|bextr|pext|pdep|bzhi) / { print name; watched = 0 }' <(nm "$object") <(objdump -d --no-show-raw-insn "$object") |
    c++filt)
  if [ -n "$wide" ]; then
    sed "s|^|$object: wide instructions in the shared function |" <<<"$wide"
    violations=1
  fi
done
exit $violations
