import { chmodSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, lutimes, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { curlShim } from './ask-continue.ts';
import { JournalReader } from './journal.ts';
import { type DriverProgram, driverProgram } from './program.ts';
import { exportsOf } from './quote.ts';
import { agentShim } from './shim.ts';
import { openWithin, readWithin, removeWithin, renameWithin, sizeWithin, writeWithin } from './within.ts';

/** Everything that is written before the driver starts. */
export interface ControlFiles {
  program: DriverProgram;
  /** Exported to every step. PATH gets the shims in front. */
  environment: Record<string, string>;
  /** Scripts by step number. */
  scripts: Map<number, string>;
  /** Its jobs may continue the run. */
  continues?: boolean | undefined;
  /** Its jobs may ask for tokens. */
  tokens?: boolean | undefined;
  /** Times of tests in earlier runs, for splitting; see `timings.ts`. */
  timings?: string | undefined;
}

/**
 * Fills a control directory. The user inside a container is not ours, so the directory itself is open to all; it must stand
 * below one that is closed to others. Safe to repeat as long as no driver was started in it.
 */
export async function writeControl(directory: string, files: ControlFiles): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o777);
  await mkdir(join(directory, 'bin'), { recursive: true });
  await mkdir(join(directory, 'steps'), { recursive: true });
  for (const name of ['circleci', 'circleci-agent']) await writeFile(join(directory, 'bin', name), agentShim);
  for (const name of ['circleci', 'circleci-agent']) await chmod(join(directory, 'bin', name), 0o755);
  if (files.continues) {
    await writeFile(join(directory, 'bin', 'curl'), curlShim);
    await chmod(join(directory, 'bin', 'curl'), 0o755);
    await mkdir(join(directory, 'continue'), { recursive: true });
    await chmod(join(directory, 'continue'), 0o777);
  }
  if (files.tokens) {
    await mkdir(join(directory, 'token'), { recursive: true });
    await chmod(join(directory, 'token'), 0o777);
  }
  if (files.timings !== undefined) await writeFile(join(directory, 'timings'), files.timings);
  const bashEnv = join(directory, 'bash_env');
  await writeFile(bashEnv, '');
  await chmod(bashEnv, 0o666);
  for (const [index, step] of files.program.steps.entries()) {
    writeStep(join(directory, 'steps', String(step.number)), step, files.scripts.get(step.number) ?? '');
    if (index % stepsPerTurn === stepsPerTurn - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await writeFile(
    join(directory, 'env.sh'),
    `export BASH_ENV="$mr_C/bash_env" CIRCLE_SHELL_ENV="$mr_C/bash_env" CIRCLE_INTERNAL_TASK_DATA="$mr_C"\n${exportsOf(files.environment)}` +
      'export MILLRACE_CONTROL="$mr_C" PATH="$mr_C/bin:$PATH"\n',
  );
  await writeFile(join(directory, 'alive'), '');
  await writeFile(join(directory, 'driver.sh'), driverProgram(files.program));
}

/** So many steps are written before others get their turn. */
const stepsPerTurn = 16;

/** A few small files: handing each to another thread and back would take ten times as long as writing it. */
function writeStep(home: string, step: DriverProgram['steps'][number], script: string): void {
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o777);
  if (step.kind === 'ask') return;
  if (Object.keys(step.environment).length > 0) writeFileSync(join(home, 'env.sh'), exportsOf(step.environment));
  writeFileSync(join(home, 'script'), script);
}

/**
 * Tells the driver's watch that a server is there. It wakes the driver too: a server that died between writing what it waits for and
 * waking it would otherwise leave it asleep for good.
 */
export async function tellAlive(directory: string): Promise<void> {
  const now = new Date();
  await lutimes(join(directory, 'alive'), now, now).catch(() => {});
  await poke(directory).catch(() => {});
}

/** Writes a file that appears whole or not at all, then wakes the driver. */
async function tell(directory: string, name: string, text: string): Promise<void> {
  await writeWithin(directory, name, text);
  await poke(directory);
}

/** Lets the driver begin: all that stands beside the job is up. */
export const tellGo = (directory: string): Promise<void> => tell(directory, 'go', 'go\n');
/** Answers the request of a step with an exit status. */
export const tellAnswer = (directory: string, step: number, code: number): Promise<void> =>
  tell(directory, `steps/${step}/answer`, `${code}\n`);
/** From now on only steps that run always still run. */
export const tellCanceled = (directory: string): Promise<void> => tell(directory, 'canceled', '1\n');
/** From now on no step runs. */
export const tellHalted = (directory: string): Promise<void> => tell(directory, 'halted', '1\n');

const largestRequest = 4_000_000;

/** The body of a request to continue the run, when one waits; see `ask-continue.ts`. What cannot be read is an empty body. */
export async function readContinueRequest(directory: string): Promise<unknown | undefined> {
  // Taken away before it is answered, so that the next request is not taken for this one; one that was taken before a restart
  // is answered now.
  await renameWithin(directory, 'continue/request', 'taken');
  const read = (name: string) => readWithin(directory, `continue/${name}`, { most: largestRequest });
  const kind = (await read('taken'))?.toString();
  if (kind === undefined) return undefined;
  const text = async (name: string): Promise<string> => (await read(name))?.toString() ?? '';
  try {
    if (kind.trim() === 'body') return JSON.parse(await text('body'));
    return { configuration: await text('configuration'), parameters: JSON.parse((await text('parameters')) || '{}') };
  } catch {
    return {};
  }
}

/** Answers the request that was read. */
export async function answerContinue(directory: string, answer: { status: number; message: string }): Promise<void> {
  const text = `${answer.status}\n${JSON.stringify({ message: answer.message })}\n`;
  await writeWithin(directory, 'continue/answer', text);
  await removeWithin(directory, 'continue/taken');
}

/** The driver sleeps on a FIFO; a byte in it makes it look again. Not there yet, or no longer: it will look by itself. */
async function poke(directory: string): Promise<void> {
  try {
    const fifo = await open(join(directory, 'poke'), constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if ((await fifo.stat()).isFIFO()) await fifo.write('\n');
    } finally {
      await fifo.close();
    }
  } catch (error) {
    if (!['ENXIO', 'ENOENT', 'EAGAIN', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** What a job asks `circleci run oidc get` for, when it does; see `shim.ts`. Taken away once it is answered. */
export async function readTokenRequest(directory: string): Promise<string | undefined> {
  await renameWithin(directory, 'token/request', 'taken');
  const most = 10_000;
  if ((await sizeWithin(directory, 'token/taken')) > most) return '';
  return (await readWithin(directory, 'token/taken', { most }))?.toString().trim();
}

/** Answers the request that was read, with the token or with what is wrong. */
export async function answerToken(directory: string, answer: { status: number; message: string }): Promise<void> {
  await removeWithin(directory, 'token/taken');
  await writeWithin(directory, 'token/answer', `${answer.status}\n${answer.message}\n`);
}

/** Far more than the lines of 1,000 steps with all their reruns take. */
const largestJournal = 16_000_000;

/** When the driver began, Unix milliseconds. */
async function beganAt(directory: string): Promise<number> {
  const file = await openWithin(directory, 'begin');
  if (!file) throw new Error('The job took away the file that says when its driver began');
  try {
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
  }
}

/** Follows the journal of a control directory. */
export class JournalFollower {
  readonly #directory: string;
  readonly #reader: JournalReader;
  #offset = 0;
  #beganAt = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#reader = new JournalReader(() => this.#beganAt);
  }

  get journal(): JournalReader['journal'] {
    return this.#reader.journal;
  }

  /** Reads what was added; true when there was something. */
  async poll(): Promise<boolean> {
    if ((await sizeWithin(this.#directory, 'journal')) <= this.#offset) return false;
    if (this.#beganAt === 0) this.#beganAt = await beganAt(this.#directory);
    const added = await readWithin(this.#directory, 'journal', { offset: this.#offset, most: largestJournal });
    if (!added || added.length === 0) return false;
    this.#reader.push(added.toString());
    this.#offset += added.length;
    return true;
  }
}

/** Whether a driver ever ran here. */
export async function wasBegun(directory: string): Promise<boolean> {
  return (await sizeWithin(directory, 'journal')) > 0;
}
