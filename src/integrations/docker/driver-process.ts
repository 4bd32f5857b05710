/**
 * The number of the driver among a container's processes as `ps -ef` lists them: the one whose command line holds `program` and whose
 * parent's does not, as the driver's own subshells look the same. Undefined when there is none. Pure.
 */
export function driverProcess(titles: string[], processes: string[][], program: string): string | undefined {
  const [pid, parent, command] = ['PID', 'PPID', 'CMD'].map((title) => titles.indexOf(title)) as [
    number,
    number,
    number,
  ];
  const alike = processes.filter((process) => process[command]?.includes(program));
  const numbers = new Set(alike.map((process) => process[pid]));
  return alike.find((process) => !numbers.has(process[parent]))?.[pid];
}
