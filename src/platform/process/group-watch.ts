import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads the process groups that come (`+ 12`) and go (`- 12`) from a pipe that only the launcher holds. End of file means
 * that the launcher is gone, however it went, and then every group that has not gone is killed.
 */
const script = `
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% "$group" *} \${groups#* "$group" }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

/** A small shell that outlives this process for a moment, to kill the groups that were left running. */
export interface GroupWatch {
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
      watch = start();
      for (const group of groups) tell(`+ ${group}`);
    });
    return child;
  }

  function tell(line: string): void {
    watch.stdin!.write(`${line}\n`);
  }

  return {
    add(pgid) {
      groups.add(pgid);
      tell(`+ ${pgid}`);
    },
    remove(pgid) {
      groups.delete(pgid);
      tell(`- ${pgid}`);
    },
  };
}
