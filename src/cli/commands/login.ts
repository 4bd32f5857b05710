import { createInterface } from 'node:readline';
import { createClient } from '../../client/index.ts';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { loginFile, writeLogin } from '../session.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

/** Stores an address and a token after the server accepted them. The token comes from the option, a pipe, or a question. */
export async function login(address: string | undefined, options: { token?: string; json?: boolean }): Promise<number> {
  const terminal = openTerminal();
  const url = (address ?? process.env.MILLRACE_SERVER ?? 'http://localhost:7400').replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Fault('invalid', `"${url}" is not an address`, {
      code: 'cli.address',
      hint: 'For example http://localhost:7400',
    });
  }
  const token = (options.token ?? process.env.MILLRACE_TOKEN ?? (await askToken(url, terminal))).trim();
  if (token === '')
    throw new Fault('invalid', 'No token was given', {
      code: 'cli.no-token',
      hint: 'Give it with --token or through a pipe.',
    });
  const me = await createClient({ baseUrl: url, token }).identity.me();
  const file = loginFile();
  await writeLogin(file, { url, token });
  if (options.json) terminal.print(JSON.stringify({ url, file, me }, null, 2));
  else terminal.print(`Signed in to ${url}; the token is in ${file}.`);
  return exitCodes.ok;
}

async function askToken(url: string, terminal: Terminal): Promise<string> {
  if (process.stdin.isTTY) terminal.note(`Make a token at ${url}/settings/tokens and paste it here:`);
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    return line;
  }
  return '';
}
