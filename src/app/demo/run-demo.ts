import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/index.ts';
import { system } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { readHolder } from '../../platform/files/data-directory.ts';
import type { Progress } from '../progress.ts';
import type { Settings } from '../settings.ts';
import { type Running, start } from '../start.ts';
import { type StoryResult, tellStory } from './story.ts';

export interface DemoAccount {
  email: string;
  password: string;
}

export interface Demo {
  running: Running;
  result: StoryResult;
  /** Signs in on the web application. */
  account: DemoAccount;
}

const account: DemoAccount = { email: 'demo@shop.example', password: 'look around' };

/**
 * Starts the program in a directory of its own beside the data directory (made anew each time), and runs the whole loop
 * on the Django shop. The program stays up; the caller stops it. With a container engine the base images are made first.
 */
export async function runDemo(settings: Settings, progress: Progress, examples: string): Promise<Demo> {
  const dataDir = join(settings.dataDir, 'demo');
  // The demo's own data, never a team's: it begins from nothing each time, unless another demo holds it.
  const holder = await readHolder(dataDir);
  if (!holder) await rm(dataDir, { recursive: true, force: true });
  const containers = settings.runtime !== 'process' && (await engineAnswers());
  progress.note(
    containers
      ? 'A container engine answers: services run as containers.'
      : 'No container engine answers: jobs and services run as processes of this machine, without isolation.',
  );
  if (containers) await progress.step('Base images', () => makeBaseImages(examples));
  const running = await start({ ...settings, dataDir, runtime: containers ? 'docker' : 'process' }, progress);
  try {
    const { identity } = running.house;
    const owner = await identity.createOwner({ ...account, name: 'Demo Owner' });
    const { text: token } = await identity.createToken(
      { personId: owner.id, name: 'demo', role: 'owner', scopes: null, expiresAt: null },
      system('demo'),
    );
    const client = createClient({ baseUrl: running.url, token });
    const { url, gatewayUrl } = running;
    const result = await tellStory({ client, url, gatewayUrl, token, examples, progress });
    return { running, result, account };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

function engineAnswers(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5000 }, (error) =>
      resolve(error === null),
    );
  });
}

/** The images the example's Dockerfiles begin from: pulled where a registry answers, else made from Debian packages. */
function makeBaseImages(examples: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [join(examples, 'base-images', 'build.sh')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        tail.push(line);
        if (tail.length > 20) tail.shift();
      });
    }
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) return resolve();
      const detail = tail.join('\n');
      reject(
        new Fault('unavailable', `The base images of the demo could not be made:\n${detail}`, {
          code: 'app.demo-base-images',
          hint: 'Run examples/base-images/build.sh by hand, or start the demo with MILLRACE_RUNTIME=process.',
        }),
      );
    });
  });
}

/** `examples/` of the package, seen from `dist/server/app/demo` as well as from `src/app/demo`. */
export function examplesDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const built = here.includes(join('dist', 'server'));
  return join(here, ...(built ? ['..', '..', '..', '..'] : ['..', '..', '..']), 'examples');
}
