import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/index.ts';
import { removeInstallation } from '../../integrations/docker/clear-away.ts';
import { engineAnswers, openDocker } from '../../integrations/docker/client.ts';
import { system } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { openDataDirectory } from '../../platform/files/data-directory.ts';
import type { Progress } from '../progress.ts';
import { readServerId } from '../server-id.ts';
import type { Settings } from '../settings.ts';
import { type Running, start } from '../start.ts';
import { type StoryResult, tellStory } from './story.ts';

export interface DemoAccount {
  email: string;
  password: string;
}

export interface Demo {
  running: Running;
  /** Signs in on the web application. */
  account: DemoAccount;
  /** Runs the whole loop. Rejects with a Fault that says what broke; the program stays up all the same. */
  tell(): Promise<StoryResult>;
  /** Stops everything and removes the containers, networks and volumes it made; images stay. */
  stop(): Promise<void>;
}

const account: DemoAccount = { email: 'demo@shop.example', password: 'look around' };

/**
 * Starts the program in a directory of its own below the data directory, made anew each time, for the loop on the Django shop. It stays up
 * until the caller stops it. When `signal` aborts, what is under way rejects with its reason.
 */
export async function startDemo(
  settings: Settings,
  progress: Progress,
  examples: string,
  signal: AbortSignal,
): Promise<Demo> {
  const dataDir = join(settings.dataDir, 'demo');
  const containers = settings.runtime !== 'process' && (await engineAnswers(openDocker())).ready;
  await beginAfresh(dataDir, containers);
  progress.note(
    containers
      ? 'A container engine answers: jobs and services run as containers.'
      : `${settings.runtime === 'process' ? 'As MILLRACE_RUNTIME says' : 'No container engine answers'}: jobs and services run as processes of this machine, without isolation.`,
  );
  if (!containers) await needPackages();
  progress.note('\nStarting');
  if (containers) await progress.step('Base images', () => makeBaseImages(examples, signal));
  signal.throwIfAborted();
  const running = await start(ownSettings(settings, dataDir, containers), progress);
  const stop = async (): Promise<void> => {
    const installation = await readServerId(dataDir);
    await running.stop();
    if (containers) await removeInstallation(openDocker(), installation);
  };
  try {
    signal.throwIfAborted();
    const { identity } = running.house;
    const owner = await identity.createOwner({ ...account, name: 'Demo Owner' });
    const { text: token } = await identity.createToken(
      { personId: owner.id, name: 'demo', role: 'owner', scopes: null, expiresAt: null },
      system('demo'),
    );
    const { url, gatewayUrl } = running;
    progress.note(`\nWatch it at ${url}  (sign in as ${account.email}, password "${account.password}")`);
    const client = createClient({ baseUrl: url, token });
    const directory = join(dataDir, 'clone');
    const tell = () => tellStory({ client, url, gatewayUrl, token, examples, directory, progress, signal });
    return { running, account, tell, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The password of the demo is known to everybody, and its data are nobody's: it stays on this machine and off a team's stores. */
const ownSettings = (settings: Settings, dataDir: string, containers: boolean): Settings => ({
  ...settings,
  dataDir,
  runtime: containers ? 'docker' : 'process',
  host: '127.0.0.1',
  publicUrl: undefined,
  databaseUrl: undefined,
  clickhouseUrl: undefined,
  mailServer: undefined,
});

/** Removes what an earlier demo left, one that was killed too; a Fault when one is running. */
async function beginAfresh(dataDir: string, containers: boolean): Promise<void> {
  const directory = await openDataDirectory(dataDir);
  try {
    if (containers) await removeInstallation(openDocker(), await readServerId(directory.path));
    await rm(directory.path, { recursive: true, force: true });
  } finally {
    await directory.release();
  }
}

/** As processes, the shop runs on the packages of this machine; as root its pipeline installs them itself. */
async function needPackages(): Promise<void> {
  if (process.getuid?.() === 0) return;
  const there = await new Promise<boolean>((resolve) => {
    execFile('/usr/bin/python3', ['-c', 'import django, gunicorn, sentry_sdk'], (error) => resolve(error === null));
  });
  if (there) return;
  throw new Fault(
    'unavailable',
    'Without a container engine the shop needs Python packages that are not on this machine',
    {
      code: 'app.demo-packages',
      hint: 'Start Docker, or install them: apt-get install python3-django gunicorn python3-sentry-sdk',
    },
  );
}

/** The images the example's Dockerfiles begin from: pulled where a registry answers, else made from Debian packages. */
function makeBaseImages(examples: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = join(examples, 'base-images', 'build.sh');
    const child = spawn('bash', [script], { stdio: ['ignore', 'pipe', 'pipe'], signal });
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
