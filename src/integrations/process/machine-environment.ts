/** What every program is given by this machine. */
export const machineEnvironment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: process.env.LANG ?? 'C.UTF-8',
  ...(process.env.TZ ? { TZ: process.env.TZ } : {}),
});
