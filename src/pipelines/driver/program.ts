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
 * than `abandonAfterMs` or with its directory gone: then nobody will ever ask for it.
 */
export function driverProgram(program: DriverProgram): string {
  const rounds = Math.max(1, Math.ceil((program.abandonAfterMs ?? 7_200_000) / watchEveryMs));
  const launches = program.steps.filter((step) => step.kind === 'run').map(launcherOf);
  const calls = program.steps.map(callOf);
  return `${prologue(quotePath(program.workingDirectory), rounds)}${launches.join('')}${calls.join('')}${epilogue}`;
}

const prologue = (workingDirectory: string, rounds: number): string => `#!/bin/sh
if [ -z "$BASH_VERSION" ] && [ -x /bin/bash ]; then exec /bin/bash --noprofile --norc "$0"; fi
C=$(cd "\${0%/*}" && pwd) || exit 1
mkdir "$C/lock" || exit 0
exec >>"$C/driver.out" 2>&1 </dev/null 9>>"$C/journal"
umask 022
FAILED= CANCELED= HALTED= STEP= WATCH= POKE= T=
now() { read -r T T_ </proc/uptime || T=$(date +%s); }
echo "$$" >"$C/pid"
: >"$C/begin"; now
echo "b $T" >&9
. "$C/env.sh"
trap '[ -n "$STEP" ] && kill -s KILL -- "-$STEP"; [ -n "$WATCH" ] && kill "$WATCH"; exit 143' TERM
SETSID=; MONITOR=:
if [ -n "$BASH_VERSION" ]; then MONITOR='set -m'; elif command -v setsid >/dev/null; then SETSID=setsid; fi
SH_OPTIONS=-e; [ -x /bin/bash ] || { /bin/sh -o pipefail -c : && SH_OPTIONS='-eo pipefail'; }
mkfifo "$C/poke" && exec 8<>"$C/poke" && POKE=1
(
  exec 8<&- 9>&-; trap - TERM; n=0
  while [ "$n" -lt ${rounds} ] && [ -e "$C/pid" ]; do
    : >"$C/mark"; sleep ${watchEveryMs / 1000}
    if [ "$C/alive" -nt "$C/mark" ]; then n=0; else n=$((n + 1)); fi
  done
  read -r group <"$C/group" && [ "$group" -gt 1 ] && kill -s KILL -- "-$group"
  kill -s TERM $$
) &
WATCH=$!
$MONITOR
await() { until [ -s "$1" ]; do if [ -n "$POKE" ]; then read -r T_ <&8; else sleep 0.1; fi; done; }
await "$C/go"
echo "u $(id -u) $(id -g)" >&9
echo "h $HOME" >&9
mkdir -p ${workingDirectory} && cd ${workingDirectory} || { now; echo "x $T 1" >&9; kill "$WATCH"; exit 0; }
JOB=$(pwd); echo "w $JOB" >&9
skip() {
  if [ -e "$C/canceled" ]; then CANCELED=1; fi
  if [ -e "$C/halted" ]; then HALTED=1; fi
  if [ -n "$HALTED" ]; then return 0; fi
  case $1 in
    on_success) [ -n "$FAILED$CANCELED" ] ;;
    on_fail) [ -z "$FAILED" ] || [ -n "$CANCELED" ] ;;
    *) return 1 ;;
  esac
}
run() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  tries=0
  while :; do
    now
    "launch_$1" >>"$C/steps/$1/out" 2>&1 </dev/null 8<&- 9>&- &
    STEP=$!; echo "s $1 $T $STEP" >&9; echo "$STEP" >"$C/group"
    wait "$STEP"; code=$?; STEP=
    now
    if [ "$code" -eq 0 ] || [ "$tries" -ge "$3" ] || [ -e "$C/canceled" ]; then break; fi
    tries=$((tries + 1)); echo "r $1 $T $code" >&9; sleep "$4"
  done
  echo "e $1 $T $code" >&9
  if [ "$code" -ne 0 ]; then FAILED=1; fi
}
back() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  (
    trap - TERM; $MONITOR; now
    "launch_$1" >>"$C/steps/$1/out" 2>&1 </dev/null 8<&- 9>&- &
    group=$!; echo "s $1 $T $group" >&9
    wait "$group"; code=$?; now; echo "e $1 $T $code" >&9
  ) 8<&- &
}
ask() {
  if skip "$2"; then echo "k $1" >&9; return; fi
  now; echo "s $1 $T 0" >&9
  await "$C/steps/$1/answer"; read -r code <"$C/steps/$1/answer"
  now; echo "e $1 $T $code" >&9
  if [ "$code" -ne 0 ]; then FAILED=1; fi
}
`;

const epilogue = `now; echo "x $T \${FAILED:-0}" >&9
kill "$WATCH"
exit 0
`;

function launcherOf(step: DriverStep & { kind: 'run' }): string {
  const script = `"$C/steps/${step.number}/script"`;
  const enter = step.workingDirectory === undefined ? '' : `  cd ${quotePath(step.workingDirectory)} || exit 1\n`;
  const words = splitWords(step.shell).map(quote).join(' ');
  const run = `exec $SETSID ${words} ${script}`;
  const body =
    step.shell.trim() === defaultShell
      ? `  if [ -x /bin/bash ]; then ${run}; fi\n  exec $SETSID /bin/sh $SH_OPTIONS ${script}\n`
      : `  ${run}\n`;
  const environment = Object.keys(step.environment).length > 0 ? `  . "$C/steps/${step.number}/env.sh"\n` : '';
  return `launch_${step.number}() {\n${environment}${enter}${body}}\n`;
}

function callOf(step: DriverStep): string {
  if (step.kind === 'ask') return `ask ${step.number} ${step.when}\n`;
  if (step.background) return `back ${step.number} ${step.when}\n`;
  return `run ${step.number} ${step.when} ${step.reruns} ${(step.rerunDelayMs / 1000).toFixed(3)}\n`;
}
