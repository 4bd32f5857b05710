import { readdir, readFile } from 'node:fs/promises';
import { removeDirectory, startMillrace } from '../test/harness/millrace.ts';

/** Resident memory of the whole program when nothing happens, process by process; the limit is 700 MB, 200 MB for the server. */
const settleMs = 20_000;

interface Process {
  pid: number;
  parent: number;
  name: string;
  residentMb: number;
  /** Resident with shared pages split among those who share them. */
  proportionalMb: number;
}

async function processes(): Promise<Process[]> {
  const found: Process[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const status = await readFile(`/proc/${entry}/status`, 'utf8');
      const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      const rollup = await readFile(`/proc/${entry}/smaps_rollup`, 'utf8').catch(() => '');
      const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
      found.push({
        pid: Number(entry),
        parent: field('PPid'),
        name: command.slice(0, 90),
        residentMb: field('VmRSS') / 1024,
        proportionalMb: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024,
      });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

const millrace = await startMillrace();
try {
  await millrace.owner();
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const everything = await processes();
  const family = new Set([millrace.pid, millrace.child.pid]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of everything) {
      if (family.has(one.parent) && !family.has(one.pid)) {
        family.add(one.pid);
        grew = true;
      }
    }
  }
  const own = everything.filter((one) => family.has(one.pid)).sort((a, b) => b.residentMb - a.residentMb);
  for (const one of own) {
    console.log(
      `${one.residentMb.toFixed(0).padStart(6)} MB  (${one.proportionalMb.toFixed(0)} MB proportional)  ${one.name}`,
    );
  }
  const total = own.reduce((sum, one) => sum + one.residentMb, 0);
  const proportional = own.reduce((sum, one) => sum + one.proportionalMb, 0);
  const server = own.find((one) => one.pid === millrace.pid)?.residentMb ?? 0;
  console.log(
    `all processes: ${total.toFixed(0)} MB resident = ${(total / 700).toFixed(2)} of the 700 MB limit (${proportional.toFixed(0)} MB proportional)`,
  );
  console.log(`server process: ${server.toFixed(0)} MB resident = ${(server / 200).toFixed(2)} of the 200 MB limit`);
} finally {
  await millrace.stop();
  await removeDirectory(millrace.dataDir);
}
