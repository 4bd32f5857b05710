import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { Fault } from '../../kernel/faults.ts';
import { packTar } from '../../platform/files/tar.ts';
import { appendWithin, readWithin } from '../driver/within.ts';
import { chooseKeys } from '../ssh-keys.ts';
import type { StepContext } from './context.ts';
import { eachEntry } from './tar.ts';

const mark = '# by the step add_ssh_keys';
/** Longest path of a socket, with some room. */
const longestSocket = 100;

/** Puts the project's keys into `~/.ssh`, and makes an agent hold them as soon as a step with bash begins. */
export async function addSshKeys(context: StepContext<'add_ssh_keys'>): Promise<number> {
  const { step, say, home, job } = context;
  const { chosen, unknown } = chooseKeys(context.sshKeys, step.fingerprints);
  for (const fingerprint of unknown) say(`Error: the project keeps no key with the fingerprint ${fingerprint}`);
  if (unknown.length > 0) {
    say('A key is a secret of the project or of a context, called SSH_KEY or SSH_KEY_..., that holds the private key');
    return 1;
  }
  if (chosen.length === 0) {
    say('The project keeps no SSH keys; none is added');
    return 0;
  }
  const directory = join(context.files.place(job.id), `ssh-${context.number}`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, '.ssh'), { recursive: true, mode: 0o700 });
  const names = chosen.map((key) => `id_rsa_${key.md5.replaceAll(':', '')}`);
  for (const [index, key] of chosen.entries()) {
    await writeFile(join(directory, '.ssh', names[index]!), key.text, { mode: 0o600 });
    say(`Added the key ${key.md5}`);
  }
  const before = (await configOf(context)).split(`${mark}, end\n`).at(-1)!;
  const lines = names.map((name) => `  IdentityFile ${home}/.ssh/${name}\n`).join('');
  await writeFile(join(directory, '.ssh', 'config'), `${mark}\nHost *\n${lines}${mark}, end\n${before}`, {
    mode: 0o600,
  });
  await context.place.copyIn(home, packTar(directory, ['.ssh'], context.owner));
  await rm(directory, { recursive: true, force: true });
  await startsAgent(context, names);
  return 0;
}

/** What stands in the job's own `~/.ssh/config`. */
async function configOf(context: StepContext<'add_ssh_keys'>): Promise<string> {
  try {
    let config = '';
    await eachEntry(await context.place.copyOut(`${context.home}/.ssh/config`), async (header, content) => {
      if (header.type === 'file') config = await textOf(content);
    });
    return config;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return '';
    throw error;
  }
}

const largestBashEnv = 16_000_000;

/** Only steps see the agent: it is started by the first that runs, in the place itself, where an image has one. */
async function startsAgent({ files, job, home }: StepContext<'add_ssh_keys'>, names: string[]): Promise<void> {
  const control = files.control(job.id);
  const near = `${home}/.ssh/agent`;
  const socket = near.length <= longestSocket ? near : `/tmp/millrace-agent-${job.id}`;
  const keys = names.map((name) => `"$HOME/.ssh/${name}"`).join(' ');
  const script = `export SSH_AUTH_SOCK='${socket}'
[ -S "$SSH_AUTH_SOCK" ] || { command -v ssh-agent && ssh-agent -a "$SSH_AUTH_SOCK"; } >/dev/null 2>&1 || unset SSH_AUTH_SOCK
[ -z "\${SSH_AUTH_SOCK-}" ] || ssh-add -q ${keys} >/dev/null 2>&1 || true
`;
  const before = await readWithin(control, 'bash_env', { most: largestBashEnv });
  if (before && !before.includes(script)) await appendWithin(control, 'bash_env', script);
}
