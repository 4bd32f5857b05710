import { mkdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openEngine } from './engine.ts';
import { createFront } from './front.ts';

/**
 * The ClickHouse child: the embedded engine behind ClickHouse's HTTP interface on loopback.
 * Arguments: data directory, configuration file, port (0: any). The password comes in the environment.
 * Prints `ready <port>`; ends on SIGTERM once what runs is finished. It always ends by a signal, since the engine
 * cannot be trusted to let a process exit.
 */
const [directory, configFile, port] = process.argv.slice(2);
const password = process.env.MILLRACE_CLICKHOUSE_PASSWORD;
if (!directory || !configFile || !port || !password) throw new Error('started without its arguments');

const scratch = join(directory, 'incoming');
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true, mode: 0o700 });
const engine = openEngine(directory, configFile);
const server = createFront(engine, { user: 'millrace', password, scratch });
server.once('error', (error) => {
  console.error(error.message);
  process.kill(process.pid, 'SIGKILL');
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`ready ${(server.address() as AddressInfo).port}`);
});

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeIdleConnections();
  await engine.drain();
  process.kill(process.pid, 'SIGKILL');
};
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => {});
