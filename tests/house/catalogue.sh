# docs/ops.md and docs/layers.md are what docs/catalogue.sh makes of the headers now, every op and layer has a comment, and
# none is missing: names are looked for here by other means than in docs/catalogue.awk.
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

for part in ops layers; do
  made=$(bash docs/catalogue.sh $part 2>&1) || true
  report < <(grep -E '^[^ ]+\.h: ' <<<"$made" || true)
  if [ "$made" != "$(cat docs/$part.md)" ]; then
    report <<<"docs/$part.md:1: is not what the headers say now; ./dev docs makes it"
  fi
done

# missing FILE HEADER < NAMES: those that no line of the catalogue calls.
missing() {
  local name
  while IFS= read -r name; do
    grep -qE "[\`:]$name\(" "$1" || echo "$2:1: $name is not in $1"
  done
}
for header in $(sed -nE 's,^#include <korrel/((framework/ops|layers)/.*)>,\1,p' korrel.h); do
  case $header in
    framework/*)
      report < <(sed -nE 's/^(Tensor|std::vector<Tensor>|[A-Z][A-Za-z]*) ([a-z_0-9]+)\(.*/\2/p' "$header" | missing docs/ops.md "$header")
      ;;
    *)
      report < <(awk '/^(struct|class) / { name = $2 } /KORREL_MODULE\(/ { print name }' "$header" | missing docs/layers.md "$header")
      ;;
  esac
done
verdict
