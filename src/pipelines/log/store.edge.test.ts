import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMasker } from '../../secrets/masker.ts';
import { LogPump, NoteLog } from './pump.ts';
import { LogReader } from './read.ts';

let root: string;
let log: string;
let out: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  log = join(root, 'a', '1.log');
  out = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const clear = { push: (chunk: Buffer) => chunk, end: () => Buffer.alloc(0) };
let time = 1000;
const now = (): number => time;

async function reading<Result>(use: (reader: LogReader) => Promise<Result>): Promise<Result> {
  const reader = (await LogReader.open(log))!;
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}

describe('a step’s log', () => {
  it('gives windows with line numbers and times, the unfinished line too', async () => {
    const pump = await LogPump.open(log, out, clear);
    time = 1000;
    await writeFile(out, 'one\ntwo\n');
    await pump.pump(now);
    time = 2000;
    await appendFile(out, 'three\r\nfo');
    await pump.pump(now);
    time = 3000;
    await appendFile(out, 'ur');
    await pump.pump(now);
    const all = await reading((reader) => reader.window(0, 100));
    expect(all.lines.map((line) => [line.line, line.at, line.text])).toEqual([
      [0, 1000, 'one'],
      [1, 1000, 'two'],
      [2, 2000, 'three'],
      [3, 2000, 'four'],
    ]);
    expect(all).toMatchObject({ totalLines: 4, nextLine: 4 });
    const last = await reading((reader) => reader.window(-2, 1));
    expect(last.lines.map((line) => line.text)).toEqual(['three']);
    const rest = await reading((reader) => reader.from(last.nextOffset, 10));
    expect(rest.lines).toEqual([]);
    await pump.finish(now);
    expect((await reading((reader) => reader.search('THR', 5))).lines.map((line) => line.line)).toEqual([2]);
  });

  it('keeps any bytes: carriage returns, split characters, NUL, lines of a megabyte', async () => {
    const long = 'x'.repeat(1_200_000);
    const text = `10%\r20%\r100%\n\0nul\u00e9\u{1f600}\n${long}\nend`;
    const bytes = Buffer.from(text);
    await writeFile(out, '');
    const pump = await LogPump.open(log, out, clear);
    for (let at = 0; at < bytes.length; at += 99_991) {
      await appendFile(out, bytes.subarray(at, at + 99_991));
      await pump.pump(now);
    }
    await pump.finish(now);
    expect((await readFile(log)).equals(bytes)).toBe(true);
    const { lines } = await reading((reader) => reader.window(0, 10));
    expect(lines.map((line) => line.text.slice(0, 20))).toEqual([
      '10%\r20%\r100%',
      '\0nul\u00e9\u{1f600}',
      'x'.repeat(20),
      'end',
    ]);
    expect(lines[2]!.cut).toBe(true);
    expect(lines[3]!.line).toBe(3);
  });

  it('loses and doubles nothing wherever the pump is killed, secrets masked all the while', async () => {
    const masker = createMasker(['hunter22', 'swordfish']);
    const piece = fc.constantFrom('hunter22', 'hunt', 'er22', 'swordfish', '\n', 'plain ', '\r', 'é', 'line\n');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(piece, { maxLength: 6 }), fc.boolean()), { minLength: 1, maxLength: 12 }),
        async (turns) => {
          await rm(join(root, 'a'), { recursive: true, force: true });
          await writeFile(out, '');
          let pump = await LogPump.open(log, out, masker.open());
          for (const [pieces, killed] of turns) {
            await appendFile(out, pieces.join(''));
            await pump.pump(now);
            if (!killed) continue;
            await pump.close();
            pump = await LogPump.open(log, out, masker.open());
          }
          await pump.finish(now);
          const expected = masker.bytes(await readFile(out));
          expect((await readFile(log)).toString()).toBe(expected.toString());
          const text = expected.toString();
          const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
          const window = await reading((reader) => reader.window(0, 1000));
          expect(window.lines.map((line) => line.text)).toEqual(lines.map((line) => line.replace(/\r$/, '')));
          for (const [index, line] of window.lines.entries()) expect(line.line).toBe(index);
          for (let from = 0; from < lines.length; from += 1) {
            const one = await reading((reader) => reader.window(from, 1));
            expect(one.lines[0]?.text).toBe(lines[from]!.replace(/\r$/, ''));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is taken up again when its own end was torn off', async () => {
    await writeFile(out, 'a\nb\nc\n');
    let pump = await LogPump.open(log, out, clear);
    await pump.pump(now);
    await appendFile(out, 'd\n');
    await pump.pump(now);
    await pump.close();
    await truncate(`${log}.idx`, 50);
    pump = await LogPump.open(log, out, clear);
    await pump.finish(now);
    expect(await readFile(log, 'utf8')).toBe('a\nb\nc\nd\n');
    expect((await reading((reader) => reader.head())).lines).toBe(4);
  });

  it('of the server’s own notes begins anew when the step does', async () => {
    for (const word of ['first', 'second']) {
      const notes = await NoteLog.open(log, now, (text) => text.replace('secret', '****'));
      notes.say(`${word} secret`);
      notes.say('two\n');
      await notes.close();
    }
    expect(await readFile(log, 'utf8')).toBe('second ****\ntwo\n');
  });
});
