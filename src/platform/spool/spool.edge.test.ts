import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../observe/log.ts';
import { openSpool, type Spool } from './spool.ts';

const log = openLog({ level: 'silent' });
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-spool-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const spoolOf = (more: { maxBytes?: number; segmentBytes?: number } = {}): Promise<Spool> =>
  openSpool({ directory, log, maxBytes: 1e9, ...more });

/** Drains until `enough` says so; returns what was consumed, by token. */
async function collect(spool: Spool, enough: (all: string[]) => boolean): Promise<Map<string, string[]>> {
  const batches = new Map<string, string[]>();
  const stop = new AbortController();
  const done = spool.drain(
    async (frames, token) => {
      batches.set(token, frames.map(String));
      if (enough([...batches.values()].flat())) stop.abort();
    },
    { signal: stop.signal, batchMs: 20 },
  );
  await done;
  return batches;
}

test('hands over what was appended, in order, and forgets it', async () => {
  const spool = await spoolOf({ segmentBytes: 2000 });
  const sent = Array.from({ length: 500 }, (_, n) => `frame ${n}`);
  await Promise.all(sent.map((text) => spool.append(Buffer.from(text))));
  const batches = await collect(spool, (all) => all.length === 500);
  expect([...batches.values()].flat()).toEqual(sent);
  expect(batches.size).toBeGreaterThan(3);
  expect(spool.stats()).toEqual({ bytes: 0, batches: 0, oldestAt: null });
  await spool.close();
  expect(await readdir(directory)).toEqual([]);
});

test('a batch that was not taken comes again, whole and under the same token, after a restart too', async () => {
  const first = await spoolOf();
  await first.append(Buffer.from('a'));
  await first.append(Buffer.from('b'));
  const seen: [string, string[]][] = [];
  for (const spool of [first, undefined]) {
    const open = spool ?? (await spoolOf());
    const stop = new AbortController();
    await open.drain(
      async (frames, token) => {
        seen.push([token, frames.map(String)]);
        stop.abort();
        throw new Error('the store is away');
      },
      { signal: stop.signal, batchMs: 1 },
    );
    await open.append(Buffer.from('later'));
    await open.close();
  }
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]![1]).toEqual(['a', 'b']);
});

test('more waits than is remembered: the rest is read back, in order', async () => {
  const spool = await spoolOf();
  const sent = Array.from({ length: 10 }, (_, n) => Buffer.alloc(4 * 1024 * 1024, n + 1));
  for (const [n, frame] of sent.entries()) await spool.append(frame, { n });
  const stop = new AbortController();
  const got: Buffer[] = [];
  const saidOf: unknown[] = [];
  await spool.drain(
    async (frames, _token, read) => {
      for (const [at, frame] of frames.entries()) {
        got.push(Buffer.from(frame));
        saidOf.push(read[at]);
      }
      if (got.length === sent.length) stop.abort();
    },
    { signal: stop.signal, batchMs: 1 },
  );
  expect(got.length).toBe(sent.length);
  expect(got.every((frame, n) => frame.equals(sent[n]!))).toBe(true);
  // What was said of a frame comes with that frame, or not at all.
  expect(saidOf.filter((said) => said !== undefined).length).toBeGreaterThan(0);
  expect(saidOf.every((said, n) => said === undefined || (said as { n: number }).n === n)).toBe(true);
  // There is room to remember again.
  await spool.append(Buffer.from('later'));
  expect([...(await collect(spool, (all) => all.length === 1)).values()]).toEqual([['later']]);
  await spool.close();
});

test('a torn tail costs only what was never acknowledged', async () => {
  const spool = await spoolOf();
  await spool.append(Buffer.from('kept'));
  await spool.append(Buffer.from('torn'));
  await spool.close();
  const [segment] = await readdir(directory);
  await truncate(join(directory, segment!), 8 + 4 + 8 + 2);
  const again = await spoolOf();
  expect([...(await collect(again, (all) => all.length === 1)).values()]).toEqual([['kept']]);
  await again.close();
});

test('refuses above its bound, says when to come back, and takes more once drained', async () => {
  const spool = await spoolOf({ maxBytes: 100 });
  await spool.append(Buffer.alloc(60));
  await expect(spool.append(Buffer.alloc(60))).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'platform.spool-full',
    retryAfter: 10,
  });
  await collect(spool, (all) => all.length === 1);
  await spool.append(Buffer.alloc(60));
  await spool.close();
});

test('kill -9 at any moment loses nothing that was acknowledged', async () => {
  const script = join(directory, 'writer.ts');
  const module = fileURLToPath(new URL('./spool.ts', import.meta.url));
  const logModule = fileURLToPath(new URL('../observe/log.ts', import.meta.url));
  const store = join(directory, 'spool');
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  await writeFile(
    script,
    `import { openSpool } from ${JSON.stringify(module)};
     import { openLog } from ${JSON.stringify(logModule)};
     import { writeSync } from 'node:fs';
     const spool = await openSpool({ directory: process.argv[2]!, maxBytes: 1e9, segmentBytes: 5000, log: openLog({ level: 'silent' }) });
     const lane = async (name: string) => {
       for (let n = 0; ; n += 1) {
         const text = name + '-' + n;
         await spool.append(Buffer.from(text));
         writeSync(1, text + '\\n');
       }
     };
     for (let l = 0; l < 8; l += 1) void lane(process.argv[3] + '.' + l);`,
  );
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const writer = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, store, `r${round}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: writer.stdout });
    const first = new Promise<void>((resolve) => lines.once('line', () => resolve()));
    lines.on('line', (line) => acknowledged.push(line));
    await first;
    await sleep(20 + Math.random() * 150);
    writer.kill('SIGKILL');
    await new Promise((resolve) => lines.once('close', resolve));
  }
  const spool = await openSpool({ directory: store, maxBytes: 1e9, log });
  const found = [...(await collect(spool, (all) => acknowledged.every((one) => all.includes(one)))).values()].flat();
  await spool.close();
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(new Set(found).size).toBe(found.length);
  expect(acknowledged.filter((one) => !found.includes(one))).toEqual([]);
}, 60_000);
