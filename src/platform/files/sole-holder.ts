import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long a holder may take to answer; one that is connected and says nothing is stopped or busy, not gone. */
const answerMs = 2000;
/** Contenders that meet step back and try again; so many tries mean that somebody holds it in all but name. */
const tries = 100;

type State = 'trying' | 'held';

/**
 * Holds `directory` (made when absent) for this process alone until `release` or the end of the process, whichever way it ends;
 * undefined when another process holds it. Works on every system with unix sockets, among processes that see the same file
 * system of one machine.
 *
 * Each contender listens on a socket of its own there before it looks at the others': of two, at least the later one sees
 * the earlier. A socket nobody answers on is what a dead process left, and is removed. Whoever removed one was listening
 * before, so a contender that was caught between making its socket and listening on it meets the remover, or misses
 * its own socket.
 */
export async function holdAlone(directory: string): Promise<{ release(): Promise<void> } | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const own = await listenIn(directory);
    const others = await lookAround(directory, own.name);
    const mine = await stat(join(directory, own.name)).then(
      () => true,
      () => false,
    );
    if (others === undefined && mine) {
      own.hold();
      return { release: own.close };
    }
    await own.close();
    if (others === 'held') return undefined;
    await pause(5 + Math.random() * 50);
  }
  return undefined;
}

async function listenIn(directory: string): Promise<{ name: string; hold(): void; close(): Promise<void> }> {
  let state: State = 'trying';
  const name = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(state);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: join(directory, name), exclusive: true }, resolve);
  });
  server.unref();
  return {
    name,
    hold: () => {
      state = 'held';
    },
    close: () => closeAndRemove(server, join(directory, name)),
  };
}

async function closeAndRemove(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(path, { force: true });
}

/** The strongest state of all others in the directory; what the dead left there is removed. */
async function lookAround(directory: string, own: string): Promise<State | undefined> {
  let strongest: State | undefined;
  for (const name of await readdir(directory)) {
    if (name === own) continue;
    const path = join(directory, name);
    const state = await ask(path);
    if (state === undefined) await rm(path, { force: true });
    else if (strongest !== 'held') strongest = state;
  }
  return strongest;
}

/** What the process behind a socket says; undefined when there is none. */
function ask(path: string): Promise<State | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = '';
    const end = (state: State | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(state);
    };
    const timer = setTimeout(() => end('held'), answerMs);
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('end', () => end(answer === 'trying' ? 'trying' : 'held'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ECONNREFUSED' || error.code === 'ENOENT' || error.code === 'ENOTSOCK';
      // A connection that broke was one: its process is ending, and is asked again.
      end(nobody ? undefined : error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'trying' : 'held');
    });
  });
}
