# One function-like macro, KORREL_MODULE. Tests may have theirs, and Highway's hooks are named by Highway.
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

report < <(cpp_files "${library_folders[@]}" "${program_folders[@]}" | xargs -r awk '
  match($0, /^[ \t]*#[ \t]*define[ \t]+[A-Za-z_0-9]+\(/) {
    name = substr($0, 1, RLENGTH - 1)
    sub(/.*[ \t]/, "", name)
    if (name != "KORREL_MODULE" && name !~ /^HWY_/) print FILENAME ":" FNR ": function-like macro " name
  }')
verdict
