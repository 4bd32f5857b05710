import { askContinue } from './ask-continue.ts';

/**
 * `circleci` and `circleci-agent` as jobs call them: a POSIX sh script on their PATH. `step halt`; `tests glob`, `tests split`
 * and `tests run` (by position, size, or the times of earlier runs, which stand in the file `timings`); `env subst`; `continue`;
 * `run oidc get` (what is asked for stands in `token/request`, the answer comes as `token/answer`).
 * `run release` is left to Millrace itself. Anything else says what it cannot do.
 */
export const agentShim = `#!/bin/sh
mr_C=\${MILLRACE_CONTROL:?not inside a job}
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

# Reads "weight<tab>name" lines, gives each to the node with the least so far, and prints the names of this one.
deal() {
  sort -t "$TAB" -k1,1nr -k2,2 | awk -F '\\t' -v mine="$index" -v total="$total" '{
    least = 0
    for (node = 1; node < total; node++) if (load[node] < load[least]) least = node
    load[least] += $1
    if (least == mine) print $2
  }'
}

by_timings() {
  if [ ! -s "$mr_C/timings" ]; then
    echo 'No times of earlier runs are known; the tests are split by position' >&2
    by_position
    return
  fi
  awk -F '\\t' -v kind="$kind" -v other="$other" '
    FILENAME != "-" { time[$1, $2] = $3; sum[$1] += $3; count[$1]++; next }
    {
      name = $0; sub(/^\\.\\//, "", name)
      lines[++n] = $0; names[n] = name
      for (each in count) if ((each, name) in time) known[each]++
    }
    END {
      # Which kind of name these are shows by which of them have a time, unless it was said.
      if (kind == "") {
        kind = "file"
        if (known["class"] > known[kind]) kind = "class"
        if (known["name"] > known[kind]) kind = "name"
      }
      if (n && !known[kind]) print "None of these names has a time of an earlier run (as file, class or name of a test); they are split evenly" | "cat >&2"
      if (other == "") other = known[kind] ? sum[kind] / count[kind] : 1
      for (i = 1; i <= n; i++) print ((kind, names[i]) in time ? time[kind, names[i]] : other) "\\t" lines[i]
    }
  ' "$mr_C/timings" - | deal
}

by_filesize() {
  while IFS= read -r name; do
    size=$(wc -c <"$name" 2>/dev/null) || size=0
    printf '%s\\t%s\\n' "$((size))" "$name"
  done | deal
}

by_position() { awk -v mine="$index" -v total="$total" 'n++ % total == mine'; }

split() {
  index=\${CIRCLE_NODE_INDEX:-0}; total=\${CIRCLE_NODE_TOTAL:-1}; file= by=position kind= other=
  TAB=$(printf '\\t')
  while [ $# -gt 0 ]; do
    case $1 in
      --index | --total | --split-by | --timings-type | --time-default)
        option=$1; value=$2; [ $# -gt 1 ] && shift ;;
      --*=*) option=\${1%%=*}; value=\${1#*=} ;;
      -*) option= ;;
      *) option= file=$1 ;;
    esac
    case $option in
      --index) index=$value ;;
      --total) total=$value ;;
      --split-by) by=$value ;;
      --timings-type) case $value in classname) kind=class ;; testname | name) kind=name ;; *) kind=file ;; esac ;;
      --time-default) other=\${value%[a-z]}; case $value in *ms) other=0.\${value%ms} ;; *m) other=$((other * 60)) ;; esac ;;
    esac
    shift
  done
  if [ -n "$file" ]; then exec <"$file"; fi
  tr ' ' '\\n' | awk NF | case $by in
    timings) by_timings ;;
    filesize) by_filesize ;;
    name) sort | by_position ;;
    *) by_position ;;
  esac
}

tests_run() {
  mr_command= mr_rest=
  while [ $# -gt 0 ]; do
    case $1 in
      --command=*) mr_command=\${1#*=} ;;
      --command) mr_command=$2; [ $# -gt 1 ] && shift ;;
      --split-by | --timings-type | --time-default | --index | --total) mr_rest="$mr_rest $1=$2"; [ $# -gt 1 ] && shift ;;
      --*) mr_rest="$mr_rest $1" ;;
    esac
    shift
  done
  mr_list=$(split $mr_rest)
  if [ -z "$mr_list" ]; then echo 'No tests for this node'; exit 0; fi
  printf '%s\\n' "$mr_list" | sh -c "$mr_command"
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

${askContinue}
continue_run() {
  [ -d "$mr_C/continue" ] || { echo 'This job is not part of a setup configuration' >&2; exit 1; }
  configuration= parameters='{}'
  while [ $# -gt 0 ]; do
    case $1 in
      --parameters) parameters=$2; [ $# -gt 1 ] && shift ;;
      --parameters=*) parameters=\${1#*=} ;;
      -*) : ;;
      *) configuration=$1 ;;
    esac
    shift
  done
  [ -f "$configuration" ] || { echo 'Name the file to continue with' >&2; exit 2; }
  cat "$configuration" >"$mr_C/continue/configuration" || exit 1
  if [ -f "$parameters" ]; then cat "$parameters"; else printf '%s' "$parameters"; fi >"$mr_C/continue/parameters"
  ask_continue files
  sed 1d "$mr_C/continue/answer"
  [ "$STATUS" = 200 ]
}

oidc_get() {
  claims=
  while [ $# -gt 0 ]; do
    case $1 in
      --claims) claims=$2; [ $# -gt 1 ] && shift ;;
      --claims=*) claims=\${1#*=} ;;
      *) echo "circleci run oidc get: unknown option $1" >&2; exit 2 ;;
    esac
    shift
  done
  [ -d "$mr_C/token" ] || { echo 'This job gets no tokens' >&2; exit 1; }
  # One at a time: steps in the background may ask too.
  until mkdir "$mr_C/token/busy" 2>/dev/null; do sleep 0.2 2>/dev/null || sleep 1; done
  trap 'rmdir "$mr_C/token/busy"' EXIT
  ask token "$(printf '%s' "$claims" | tr '\\n' ' ')"
  if [ "$STATUS" = 200 ]; then sed 1d "$mr_C/token/answer"; else sed 1d "$mr_C/token/answer" >&2; fi
  rm -f "$mr_C/token/answer"
  [ "$STATUS" = 200 ]
}

case "$1 $2" in
  'step halt') : >"$mr_C/halted" ;;
  'tests glob') shift 2; glob "$@" ;;
  'tests split') shift 2; split "$@" ;;
  'tests run') shift 2; tests_run "$@" ;;
  'env subst') shift 2; subst "$@" ;;
  'continue '*) shift; continue_run "$@" ;;
  'run oidc') [ "$3" = get ] || refuse "$@"; shift 3; oidc_get "$@" ;;
  'run release') echo 'Millrace keeps releases by itself; nothing is done here' ;;
  *) refuse "$@" ;;
esac
`;
