/**
 * `circleci` and `circleci-agent` as jobs call them: a POSIX sh script on their PATH. `step halt`; `tests glob`, `tests split`
 * and `tests run` (split by position, since what a shell can know is the list); `env subst`. Anything else says what it cannot do.
 */
export const agentShim = `#!/bin/sh
C=\${MILLRACE_CONTROL:?not inside a job}
refuse() { echo "circleci $*: not available here" >&2; exit 127; }

expand_braces() {
  case $1 in
    *'{'*,*'}'*)
      before=\${1%%'{'*}; rest=\${1#*'{'}; inner=\${rest%%'}'*}; after=\${rest#*'}'}
      while :; do
        expand_braces "$before\${inner%%,*}$after"
        case $inner in *,*) inner=\${inner#*,} ;; *) break ;; esac
      done ;;
    *) printf '%s\\n' "$1" ;;
  esac
}

glob() {
  for each in "$@"; do expand_braces "$each"; done | while IFS= read -r pattern; do
    case $pattern in
      *'**'*)
        top=\${pattern%%'**'*}; top=\${top%/}
        wanted=$(printf '%s' "$pattern" | sed -e 's,\\*\\*/,*,g' -e 's,\\*\\*,*,g')
        case $wanted in /*) : ;; *) wanted=./$wanted ;; esac
        case $top in '') top=. ;; /*) : ;; *) top=./$top ;; esac
        find "$top" -type f -path "$wanted" 2>/dev/null | sed 's,^\\./,,' ;;
      *) IFS=; for file in $pattern; do [ -e "$file" ] && printf '%s\\n' "$file"; done; IFS=' ' ;;
    esac
  done | sort -u
}

split() {
  index=\${CIRCLE_NODE_INDEX:-0}; total=\${CIRCLE_NODE_TOTAL:-1}; file=
  while [ $# -gt 0 ]; do
    case $1 in
      --index=*) index=\${1#*=} ;;
      --total=*) total=\${1#*=} ;;
      --index) index=$2; shift ;;
      --total) total=$2; shift ;;
      --split-by|--timings-type|--time-default) shift ;;
      -*) : ;;
      *) file=$1 ;;
    esac
    shift
  done
  if [ -n "$file" ]; then exec <"$file"; fi
  tr ' ' '\\n' | awk -v index_="$index" -v total="$total" 'NF && n++ % total == index_'
}

tests_run() {
  command= rest=
  for each in "$@"; do
    case $each in --command=*) command=\${each#*=} ;; --*) rest="$rest $each" ;; esac
  done
  list=$(split $rest)
  if [ -z "$list" ]; then echo 'No tests for this node'; exit 0; fi
  printf '%s\\n' "$list" | sh -c "$command"
}

subst() {
  if [ -n "$1" ]; then cat "$1"; else cat; fi | awk '{
    line = $0; out = ""
    while (match(line, /\\$([A-Za-z_][A-Za-z0-9_]*|\\{[A-Za-z_][A-Za-z0-9_]*\\})/)) {
      name = substr(line, RSTART + 1, RLENGTH - 1); gsub(/[{}]/, "", name)
      out = out substr(line, 1, RSTART - 1) ENVIRON[name]; line = substr(line, RSTART + RLENGTH)
    }
    print out line
  }'
}

case "$1 $2" in
  'step halt') : >"$C/halted" ;;
  'tests glob') shift 2; glob "$@" ;;
  'tests split') shift 2; split "$@" ;;
  'tests run') shift 2; tests_run "$@" ;;
  'env subst') shift 2; subst "$@" ;;
  *) refuse "$@" ;;
esac
`;
