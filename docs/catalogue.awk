# The tables of docs/ops.md and docs/layers.md, one line per function or layer, from the headers given; docs/catalogue.sh
# calls it. A line says what the header's comment says: the one behind the declaration, or else the one above it, which
# counts up to the next empty line. `PyTorch: NAME` at the end of it names PyTorch's counterpart (`none`: it has none);
# without it, that is the same name in the module that `torch` below gives for the header.
# Arguments: kind=ops or layers, the headers to list as `list` (separated by blanks); all files are read twice, first (pass=1) for
# the fields of options.
BEGIN {
  split("framework/tensor/create framework/tensor/random framework/ops/einsum framework/ops/elementwise " \
        "framework/ops/extremum framework/ops/gather framework/ops/indexing framework/ops/matmul framework/ops/ordering " \
        "framework/ops/rearrange framework/ops/reduction framework/ops/scan framework/ops/search framework/ops/shape " \
        "framework/ops/recurrent", names, " ")
  for (i in names) torch[names[i] ".h"] = "torch."
  torch["framework/ops/linalg.h"] = "torch.linalg."
  torch["framework/ops/packed_sequence.h"] = "torch.nn.utils.rnn."
  torch["layers/init.h"] = "torch.nn.init."
  count = split(list, listed, " ")
  for (i = 1; i <= count; ++i) wanted[listed[i]] = i
}

function trim(text) {
  sub(/^[ \t]+/, "", text)
  sub(/[ \t]+$/, "", text)
  return text
}

# Splits `text` at commas that lie outside all brackets into piece[1..n]; returns n.
function split_arguments(text, piece,    i, c, depth, n, start) {
  n = 0; depth = 0; start = 1
  for (i = 1; i <= length(text); ++i) {
    c = substr(text, i, 1)
    if (c ~ /[({<\[]/) ++depth
    else if (c ~ /[)}>\]]/) --depth
    else if (c == "," && depth == 0) { piece[++n] = trim(substr(text, start, i - start)); start = i + 1 }
  }
  if (trim(substr(text, start)) != "") piece[++n] = trim(substr(text, start))
  return n
}

# "const Shape& shape = {}" -> sets `name` and `value` ("" without a default)
function take_apart(argument,    at) {
  value = ""
  at = index(argument, " = ")
  if (at) { value = trim(substr(argument, at + 3)); argument = trim(substr(argument, 1, at - 1)) }
  if (match(argument, /\(\*[a-z_]+\)/)) { name = substr(argument, RSTART + 2, RLENGTH - 3); return }
  match(argument, /[A-Za-z_0-9]+$/)
  name = substr(argument, RSTART)
}

# The arguments as a caller writes them: names, defaults, and the fields of options.
function call_form(arguments,    piece, n, i, type, text) {
  n = split_arguments(arguments, piece)
  text = ""
  for (i = 1; i <= n; ++i) {
    if (piece[i] ~ /Generator/) continue
    type = piece[i]
    sub(/^const /, "", type)
    sub(/[& ].*/, "", type)
    take_apart(piece[i])
    if (piece[i] ~ /\.\.\. /) name = name "..."
    if (type in fields) {
      name = fields[type]
      if (value == "{.dtype = i64}") sub(/f32/, "i64", name)
    }
    else if (value != "" && value != "{}" && value !~ /^\{\./) name = name " = " value
    text = text (text == "" ? "" : ", ") name
  }
  return text
}

function finish_sentence(text) { return text ~ /[.:;]$/ ? text : text "." }

function escape(text) {
  gsub(/\|/, "\\|", text)
  gsub(/\*/, "\\*", text)
  gsub(/</, "\\<", text)
  return text
}

# One line of the catalogue: remembered under its name, so that overloads share it.
function add_line(called, arguments, behind, above,    key, text, from) {
  text = behind != "" ? behind : above
  from = ""
  if (match(text, /PyTorch: [^ ]+$/)) { from = substr(text, RSTART + 9); text = trim(substr(text, 1, RSTART - 1)) }
  if (from == "" && is_switch) from = "none" # of Korrel itself
  if (from == "") from = (FILENAME in torch ? torch[FILENAME] : kind == "ops" ? "torch.nn.functional." : "torch.nn.") called
  if (text != "") text = finish_sentence(text)
  key = FILENAME SUBSEP called
  if (!(key in line_of)) {
    line_of[key] = ++lines
    file_of[lines] = FILENAME
    described[lines] = text
    counterpart[lines] = from
    name_of[lines] = called
    form[lines] = "`" prefix called "(" call_form(arguments) ")`"
    return
  }
  behind = "`" prefix called "(" call_form(arguments) ")`"
  if (index(form[line_of[key]], behind) == 0) form[line_of[key]] = form[line_of[key]] " " behind
  if (described[line_of[key]] == "") described[line_of[key]] = text
}

FNR == 1 { opening = 1; options = ""; skipping = 0; comment = ""; in_comment = 0; in_struct = 0; declaration = ""; in_body = 0; prefix = "" }

# The comment that opens the header.
opening && /^\/\// { if (pass == 2) intro[FILENAME] = intro[FILENAME] (intro[FILENAME] == "" ? "" : " ") trim(substr($0, 3)); next }
opening { opening = 0 }

# Fields of options, wherever they are.
/^struct [A-Za-z]*Options \{/ { if (pass == 1) { options = $2; fields[options] = "{" } else { skipping = 1; in_comment = 0 } next }
options != "" && /^\};/ { in_comment = 0; fields[options] = fields[options] "}"; sub(/\{, /, "{", fields[options]); options = ""; next }
options != "" {
  text = $0
  sub(/ *\/\/.*/, "", text)
  if (text !~ /;$/) next
  sub(/;$/, "", text)
  n = split_arguments(trim(text), piece)
  for (i = 1; i <= n; ++i) {
    take_apart(piece[i])
    fields[options] = fields[options] ", ." name (value == "" || value ~ /^\{/ ? "" : " = " value)
  }
  next
}

pass == 1 || !(FILENAME in wanted) { next }
skipping { if (/^\};/) skipping = 0; next }

/^namespace korrel::linalg/ { prefix = "linalg::" }
/^namespace korrel::nn::init/ { prefix = "init::" }
in_body { if (/^\}/) in_body = 0; next }

# Classes: a layer is what has a KORREL_MODULE.
in_struct {
  if (constructor_open) { constructor = constructor " " trim($0); constructor_open = $0 !~ /[;{:]/ }
  else if (match($0, "(^|[ ])" type_name "\\(") && !/= default/ && constructor == "" && !/: *(public|private)/) {
    constructor = substr($0, RSTART)
    constructor_open = $0 !~ /[;{]/
  }
  if (/KORREL_MODULE\(/) is_layer = 1
  if (/^\};/) {
    in_struct = 0
    if (is_layer && kind == "layers") {
      arguments = constructor
      sub(/^[^(]*\(/, "", arguments)
      sub(/\) \{.*/, ")", arguments)
      sub(/\)[^)]*$/, "", arguments)
      if (constructor ~ /\) : /) { arguments = constructor; sub(/^[^(]*\(/, "", arguments); sub(/\) : .*/, "", arguments) }
      add_line(type_name, arguments, behind, comment)
    }
  }
  next
}
/^(struct|class) [A-Za-z0-9]+$/ { type_name = $2; next } # its bases are on the next line
/^(struct|class) [A-Za-z0-9]+.*\{ *(\/\/.*)?$/ || /^    : .*\{ *(\/\/.*)?$/ {
  in_struct = 1; is_layer = 0; constructor = ""; constructor_open = 0; in_comment = 0
  if ($1 != ":") type_name = $2
  behind = ""
  if (match($0, /\{ *\/\/ */)) behind = trim(substr($0, RSTART + RLENGTH))
  next
}

/^$/ || /^\/\/ ----/ { comment = ""; in_comment = 0; next }
/^\/\// {
  if (!in_comment) comment = ""
  comment = comment (comment == "" ? "" : " ") trim(substr($0, 3))
  in_comment = 1
  next
}
{ in_comment = 0 }
/^(inline|template|using|namespace|enum|#|\}|extern|static|struct|class)/ { next }

# Functions.
declaration == "" && !/^[A-Za-z].* [a-z_0-9]+\(/ { next }
{
  text = $0
  behind = ""
  if (match(text, / *\/\/ */)) { behind = trim(substr(text, RSTART + RLENGTH)); text = substr(text, 1, RSTART - 1) }
  declaration = declaration (declaration == "" ? "" : " ") trim(text)
  if (text !~ /[;{]$/) next
  if (text ~ /\{$/ && text !~ /\($/) in_body = 1
  is_switch = FILENAME ~ /\/ops\// && declaration ~ /^(void|bool) /
  match(declaration, /[a-z_0-9]+\(/)
  called = substr(declaration, RSTART, RLENGTH - 1)
  arguments = substr(declaration, RSTART + RLENGTH)
  sub(/\) *[;{]$/, "", arguments)
  declaration = ""
  add_line(called, arguments, behind, comment)
}

END {
  bad = 0
  for (f = 1; f <= count; ++f) {
    title = listed[f]
    heading = 0
    for (l = 1; l <= lines; ++l) {
      if (file_of[l] != title) continue
      if (!heading) {
        heading = 1
        short = title
        sub(/.*\//, "", short); sub(/\.h$/, "", short)
        gsub(/_/, " ", short)
        printf "\n## %s\n\n`%s`: %s\n\n", short, title, escape(intro[title])
        printf "| call | what it does | PyTorch |\n| --- | --- | --- |\n"
      }
      if (described[l] == "") { print title ": " name_of[l] " has no comment" > "/dev/stderr"; bad = 1 }
      printf "| %s | %s | %s |\n", escape_call(form[l]), escape(described[l]), counterpart[l] == "none" ? "none" : "`" counterpart[l] "`"
    }
    if (!heading) { print title ": nothing to list was found" > "/dev/stderr"; bad = 1 }
  }
  exit bad
}

function escape_call(text) { gsub(/\|/, "\\|", text); return text }
