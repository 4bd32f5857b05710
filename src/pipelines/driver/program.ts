import { quote, quotePath, splitWords } from './quote.ts';

/** One step as the driver sees it: a script it runs by itself, or a request it puts to the server and waits for. */
export type DriverStep = { number: number; when: 'on_success' | 'always' | 'on_fail' } & (
  | {
      kind: 'run';
      shell: string;
      environment: Record<string, string>;
      /** Relative to the job's working directory, absolute, or beginning with `~`. */
      workingDirectory?: string | undefined;
      background: boolean;
      reruns: number;
      rerunDelayMs: number;
    }
  | { kind: 'ask' }
);

export interface DriverProgram {
  /** May begin with `~`. */
  workingDirectory: string;
  steps: DriverStep[];
  /** The driver ends everything when the server has not been seen for this long; default 2 h. */
  abandonAfterMs?: number | undefined;
}

/** Words of the shell CircleCI takes by default; where an image has no bash, `sh` stands in, as there. */
const defaultShell = '/bin/bash -eo pipefail';
const watchEveryMs = 30_000;

/**
 * The driver: a POSIX sh program (no bash, no other tool than `mkdir`, `mkfifo` and `sleep`) that runs a job's steps one
 * after another without the server. `$0` stands in the control directory. It writes one line to `journal` for each thing that
 * happens (see `journal.ts`), appends what a step prints to `steps/<n>/out`, and for a request waits until
 * `steps/<n>/answer` holds an exit status. `canceled` and `halted` in the directory change which steps still run.
 * Each step leads a process group: where there is bash, its job control makes them, which is a program less to start than
 * `setsid`. Only the first driver of a directory runs; `pid` holds its number. It never ends early because the server is away, unless for longer
 * than `abandonAfterMs` or with its directory gone: then nobody will ever ask for it. Its variables begin with `mr_`: a job may well have
 * one called `C` or `STEP`.
 */
export function driverProgram(program: DriverProgram): string {
  const rounds = Math.max(1, Math.ceil((program.abandonAfterMs ?? 7_200_000) / watchEveryMs));
  const launches = program.steps.filter((step) => step.kind === 'run').map(launcherOf);
  const calls = program.steps.map(callOf);
  return `${prologue(quotePath(program.workingDirectory), rounds)}${launches.join('')}${calls.join('')}${epilogue}`;
}

const prologue = (workingDirectory: string, rounds: number): string => `#!/bin/sh
if [ -z "$BASH_VERSION" ] && [ -x /bin/bash ]; then exec /bin/bash --noprofile --norc "$0"; fi
mr_C=$(cd "\${0%/*}" && pwd) || exit 1
mkdir "$mr_C/lock" || exit 0
exec >>"$mr_C/driver.out" 2>&1 </dev/null 9>>"$mr_C/journal"
umask 022
mr_FAILED= mr_CANCELED= mr_HALTED= mr_STEP= mr_WATCH= mr_POKE= mr_T=
now() { read -r mr_T mr_T_ </proc/uptime || mr_T=$(date +%s); }
echo "$$" >"$mr_C/pid"
: >"$mr_C/begin"; now
echo "b $mr_T" >&9
. "$mr_C/env.sh"
trap '[ -n "$mr_STEP" ] && kill -s KILL -- "-$mr_STEP"; [ -n "$mr_WATCH" ] && kill "$mr_WATCH"; exit 143' TERM
mr_SETSID=; mr_MONITOR=:
if [ -n "$BASH_VERSION" ]; then mr_MONITOR='set -m'; elif command -v setsid >/dev/null; then mr_SETSID=setsid; fi
mr_SH_OPTIONS=-e; [ -x /bin/bash ] || { /bin/sh -o pipefail -c : && mr_SH_OPTIONS='-eo pipefail'; }
mkfifo "$mr_C/poke" && exec 8<>"$mr_C/poke" && mr_POKE=1
(
  exec 8<&- 9>&-; trap - TERM; mr_n=0
  while [ "$mr_n" -lt ${rounds} ] && [ -e "$mr_C/pid" ]; do
    : >"$mr_C/mark"; sleep ${watchEveryMs / 1000}
    if [ "$mr_C/alive" -nt "$mr_C/mark" ]; then mr_n=0; else mr_n=$((mr_n + 1)); fi
  done
  read -r mr_group <"$mr_C/group" && [ "$mr_group" -gt 1 ] && kill -s KILL -- "-$mr_group"
  kill -s TERM $$
) &
mr_WATCH=$!
$mr_MONITOR
await() { until [ -s "$1" ]; do if [ -n "$mr_POKE" ]; then read -r mr_T_ <&8; else sleep 0.1; fi; done; }
await "$mr_C/go"
echo "u $(id -u) $(id -g)" >&9
echo "h $HOME" >&9
mkdir -p ${workingDirectory} && cd ${workingDirectory} || { now; echo "x $mr_T 1" >&9; kill "$mr_WATCH"; exit 0; }
mr_JOB=$(pwd); echo "w $mr_JOB" >&9
skip() {
  if [ -e "$mr_C/canceled" ]; then mr_CANCELED=1; fi
  if [ -e "$mr_C/halted" ]; then mr_HALTED=1; fi
  if [ -n "$mr_HALTED" ]; then return 0; fi
  case $1 in
    on_success) [ -n "$mr_FAILED$mr_CANCELED" ] ;;
    on_fail) [ -z "$mr_FAILED" ] || [ -n "$mr_CANCELED" ] ;;
    *) return 1 ;;
  esac
}
run() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  mr_tries=0
  while :; do
    now
    "launch_$1" >>"$mr_C/steps/$1/out" 2>&1 </dev/null 8<&- 9>&- &
    mr_STEP=$!; echo "s $1 $mr_T $mr_STEP" >&9; echo "$mr_STEP" >"$mr_C/group"
    wait "$mr_STEP"; mr_code=$?; mr_STEP=
    now
    if [ "$mr_code" -eq 0 ] || [ "$mr_tries" -ge "$3" ] || [ -e "$mr_C/canceled" ]; then break; fi
    mr_tries=$((mr_tries + 1)); echo "r $1 $mr_T $mr_code" >&9; sleep "$4"
  done
  echo "e $1 $mr_T $mr_code" >&9
  if [ "$mr_code" -ne 0 ]; then mr_FAILED=1; fi
}
back() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  (
    trap - TERM; $mr_MONITOR; now
    "launch_$1" >>"$mr_C/steps/$1/out" 2>&1 </dev/null 8<&- 9>&- &
    mr_group=$!; echo "s $1 $mr_T $mr_group" >&9
    wait "$mr_group"; mr_code=$?; now; echo "e $1 $mr_T $mr_code" >&9
  ) 8<&- &
}
ask() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  now; echo "s $1 $mr_T 0" >&9
  await "$mr_C/steps/$1/answer"; read -r mr_code <"$mr_C/steps/$1/answer"
  now; echo "e $1 $mr_T $mr_code" >&9
  if [ "$mr_code" -ne 0 ]; then mr_FAILED=1; fi
}
`;

const epilogue = `now; echo "x $mr_T \${mr_FAILED:-0}" >&9
kill "$mr_WATCH"
exit 0
`;

function launcherOf(step: DriverStep & { kind: 'run' }): string {
  const script = `"$mr_C/steps/${step.number}/script"`;
  const enter = step.workingDirectory === undefined ? '' : `  cd ${quotePath(step.workingDirectory)} || exit 1\n`;
  const words = splitWords(step.shell).map(quote).join(' ');
  const run = `exec $mr_SETSID ${words} ${script}`;
  const body =
    step.shell.trim() === defaultShell
      ? `  if [ -x /bin/bash ]; then ${run}; fi\n  exec $mr_SETSID /bin/sh $mr_SH_OPTIONS ${script}\n`
      : `  ${run}\n`;
  const environment = Object.keys(step.environment).length > 0 ? `  . "$mr_C/steps/${step.number}/env.sh"\n` : '';
  return `launch_${step.number}() {\n${environment}${enter}${body}}\n`;
}

function callOf(step: DriverStep): string {
  if (step.kind === 'ask') return `ask ${step.number} ${step.when}\n`;
  if (step.background) return `back ${step.number} ${step.when}\n`;
  return `run ${step.number} ${step.when} ${step.reruns} ${(step.rerunDelayMs / 1000).toFixed(3)}\n`;
}
