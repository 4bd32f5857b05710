import { lineProgress, readSettings, silentProgress, start, version } from '../../app/index.ts';
import { formatDuration } from '../../kernel/durations.ts';

/** Starts the program and stays until SIGTERM or SIGINT; a second signal ends it at once. */
export async function up(options: { json?: boolean; data?: string }): Promise<void> {
  const began = performance.now();
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const settings = readSettings(process.env, options.data ? { dataDir: options.data } : {});
  if (!options.json) print(`Millrace ${version}, data in ${settings.dataDir}`);
  const running = await start(settings, options.json ? silentProgress : lineProgress(print));
  const { url, gatewayUrl, ownerLink } = running;
  if (options.json) {
    print(JSON.stringify({ event: 'ready', url, gatewayUrl, ownerLink, pid: process.pid }));
  } else {
    print(`Ready in ${formatDuration(performance.now() - began)}: ${url}`);
    if (ownerLink) print(`\nBecome the owner (once, within a day): ${ownerLink}\n`);
  }
  await untilStopped(() => {
    if (!options.json) print('Stopping');
  });
  await running.stop();
  process.exit(0);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the program at once. */
export function untilStopped(onStop: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        onStop();
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}
