# Sourced by the house checks, which are called as `bash CHECK ROOT`: what to look at and how to say what is wrong.
# A violation is printed as `path:line: what is wrong`; a check ends with `verdict`, which fails if there was one.
set -euo pipefail
cd "$1"
library_folders=(framework layers optim datasets models training)
program_folders=(apps examples benchmarks)
violations=0

# cpp_files FOLDER...: the C++ files below those of the folders that exist, links not followed.
cpp_files() {
  local folder existing=()
  for folder; do
    if [ -d "$folder" ]; then existing+=("$folder"); fi
  done
  [ ${#existing[@]} -eq 0 ] || find "${existing[@]}" -type f \( -name '*.h' -o -name '*.cpp' \) | LC_ALL=C sort
}

# report < LINES: every line is a violation.
report() {
  local line
  while IFS= read -r line; do
    [ -n "$line" ] || continue
    printf '%s\n' "$line"
    violations=$((violations + 1))
  done
}

verdict() {
  [ "$violations" -eq 0 ] || {
    echo "$violations violation(s)"
    exit 1
  }
}
