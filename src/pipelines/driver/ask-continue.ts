/**
 * How a job continues its run: it lays a request into the control directory and waits for the answer, so that it needs no way
 * to the server over the network. `continue/body` is the JSON of CircleCI's API, or `continue/configuration` and
 * `continue/parameters` hold texts; `continue/request` says which, and comes last. `continue/answer` is a status in its first
 * line and then the text.
 */
export const askContinue = `ask() {
  rm -f "$mr_C/$1/answer"
  printf '%s\\n' "$2" >"$mr_C/$1/request.new" && mv "$mr_C/$1/request.new" "$mr_C/$1/request" || exit 1
  until [ -s "$mr_C/$1/answer" ]; do sleep 0.2 2>/dev/null || sleep 1; done
  read -r STATUS <"$mr_C/$1/answer"
}
ask_continue() { ask continue "$1"; }
`;

/**
 * `curl` for jobs of a setup configuration: a call of the continuation's address goes to this server, whatever host it
 * names; every other call goes to the image's own curl.
 */
export const curlShim = `#!/bin/sh
mr_C=\${MILLRACE_CONTROL:?not inside a job}
${askContinue}
url=
for each in "$@"; do
  case $each in */api/v2/pipeline/continue | */api/v2/pipeline/continue/) url=$each ;; esac
done
if [ -z "$url" ]; then
  IFS=:
  for folder in $PATH; do
    [ "$folder" != "$mr_C/bin" ] && [ -x "$folder/curl" ] && exec "$folder/curl" "$@"
  done
  echo 'curl: this image has none' >&2
  exit 127
fi
data= out= format= fail=
while [ $# -gt 0 ]; do
  case $1 in
    -d | --data | --data-raw | --data-binary | --data-ascii | --json) data=$2; shift ;;
    --data=* | --data-raw=* | --data-binary=* | --json=*) data=\${1#*=} ;;
    -d*) data=\${1#-d} ;;
    -o | --output) out=$2; shift ;;
    -w | --write-out) format=$2; shift ;;
    -H | --header | -X | --request | -u | --user | -A | -e | -m | --max-time | --connect-timeout | --retry | \
      --retry-delay | --retry-max-time) shift ;;
    --fail | --fail-with-body) fail=1 ;;
    --*) : ;;
    -*f*) fail=1 ;;
  esac
  shift
done
case $data in
  @-) cat >"$mr_C/continue/body" ;;
  @*) cat "\${data#@}" >"$mr_C/continue/body" || exit 26 ;;
  *) printf '%s' "$data" >"$mr_C/continue/body" ;;
esac
ask_continue body
text() { sed 1d "$mr_C/continue/answer"; }
case $out in '' | - | /dev/stdout) text ;; /dev/stderr) text >&2 ;; *) text >"$out" ;; esac
[ -z "$format" ] || printf '%b' "$(printf '%s' "$format" | sed "s/%{http_code}/$STATUS/g; s/%{response_code}/$STATUS/g")"
[ -z "$fail" ] || [ "$STATUS" -lt 400 ] || exit 22
`;
