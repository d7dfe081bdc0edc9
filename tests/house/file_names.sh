# A file is named after the one thing it does, in snake_case. Names that say nothing are not names.
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

report < <(cpp_files "${library_folders[@]}" "${program_folders[@]}" tests | awk -F/ '{
  if ($NF !~ /^[a-z][a-z0-9_]*(-inl)?\.(h|cpp)$/) print $0 ":1: file names are snake_case"
  for (i = 1; i <= NF; ++i)
    if ($i ~ /(^|_)(utils?|helpers?|commons?|misc|impl)(_|\.|-|$)/) print $0 ":1: \"" $i "\" says nothing of what is in it"
}')
verdict
