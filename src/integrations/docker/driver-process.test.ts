import { expect, it } from 'vitest';
import { driverProcess } from './driver-process.ts';

const titles = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
const line = (pid: string, parent: string, command: string) => [
  'root',
  pid,
  parent,
  '0',
  '12:00',
  '?',
  '00:00:00',
  command,
];
const program = '/millrace/driver.sh';

it('tells the driver from its subshells and from what only speaks of it', () => {
  const own = line('100', '1', '/sbin/init');
  const starter = line('101', '1', `sh -c exec /bin/sh "$1/driver.sh" sh /millrace`);
  const driver = line('110', '90', `/bin/bash --noprofile --norc ${program}`);
  const watcher = line('112', '110', `/bin/bash --noprofile --norc ${program}`);
  expect(driverProcess(titles, [own, starter], program)).toBeUndefined();
  expect(driverProcess(titles, [own, watcher, driver, line('113', '112', 'sleep 30')], program)).toBe('110');
  expect(driverProcess([], [], program)).toBeUndefined();
});
