# Past 400 lines a file says at its top why: `Long because ...` in its first 12 lines. Tests may be long.
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

report < <(cpp_files "${library_folders[@]}" "${program_folders[@]}" | xargs -r awk '
  function close_file() { if (lines > 400 && !reason) print name ":1: " lines " lines and no \"Long because\" at the top" }
  FNR == 1 { close_file(); reason = 0; name = FILENAME }
  FNR <= 12 && /Long because/ { reason = 1 }
  { lines = FNR }
  END { close_file() }')
verdict
