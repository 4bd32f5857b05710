import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Reads the process groups that come (`+ 12`, told by their starters) and go (`- 12`) from a pipe that only the launcher holds,
 * and each starter until it has told its group. End of file means that the launcher is gone, however it went, and that no
 * group is still to come; then every group that has not gone is killed.
 */
const script = `
groups=' '
while read -r change group; do
  case $change$groups in
    +*" $group "*) ;;
    +*) groups="$groups$group " ;;
    -*" $group "*) groups="\${groups%% "$group" *} \${groups#* "$group" }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

/** A small shell that outlives this process for a moment, to kill the groups that were left running. */
export interface GroupWatch {
  /** Descriptor 3 of a starter (`starterArgv`), which tells its group by itself. */
  readonly pipe: Writable;
  /** For a watch that takes the place of this one: what is running. */
  add(pgid: number): void;
  remove(pgid: number): void;
}

/** Starts the watch; should it be killed, another is started with the groups of the moment. */
export function watchGroups(): GroupWatch {
  const groups = new Set<number>();
  let watch = start();

  function start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', script, 'millrace-group-watch'], {
      env: {},
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin!.on('error', () => {});
    child.on('error', () => {});
    child.once('exit', () => {
      if (watch === child) replace();
    });
    return child;
  }

  function replace(): void {
    watch = start();
    for (const group of groups) tell(`+ ${group}`);
  }

  function tell(line: string): void {
    watch.stdin!.write(`${line}\n`);
  }

  return {
    get pipe() {
      if (watch.stdin!.destroyed) replace();
      return watch.stdin!;
    },
    add(pgid) {
      groups.add(pgid);
    },
    remove(pgid) {
      groups.delete(pgid);
      tell(`- ${pgid}`);
    },
  };
}
