import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../src/cli/program.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const millraceProgram = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'millrace.js');
const minutes = 60_000;
const pipeline = `version: 2.1
jobs: { check: { machine: true, steps: [checkout, { run: echo checked }] } }
workflows: { all: { jobs: [check] } }
`;

/** Every command, those within groups too, by what is typed to reach it. */
function commandsOf(group: Command, path: string[] = []): { path: string[]; command: Command }[] {
  return group.commands.flatMap((command) => {
    const own = [...path, command.name()];
    return [{ path: own, command }, ...commandsOf(command, own)];
  });
}
const all = commandsOf(program);
const doing = all.filter(({ command }) => command.commands.length === 0);
/** A shell is for people: what it prints is what is typed into it. */
const speakJson = doing.filter(({ path }) => path.join(' ') !== 'shell');
const nameOf = ({ path }: { path: string[] }): string => path.join(' ');

/** How a command is used with `--json`: once so that it works, once so that it fails. */
interface Use {
  /** Undefined where another story is that use. */
  works?: { args: string[]; shows: object };
  fails: { args?: string[]; env?: Record<string, string>; code: 1 | 2; shows?: object };
}

/** The command line as scripts use it: help, JSON and exit codes of every command there is. */
describe('the command line', () => {
  let directory: string;
  let millrace: RunningMillrace;
  let token: string;
  let project: SmallProject;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await mkdir(join(directory, 'tree', '.circleci'), { recursive: true });
    await writeFile(join(directory, 'tree', '.circleci', 'config.yml'), pipeline);
    const event = { exception: { values: [{ type: 'KeyError', value: 'total' }] } };
    await writeFile(join(directory, 'tree', 'event.json'), JSON.stringify(event));
    millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
    const owner = await millrace.owner();
    token = owner.token;
    project = await createSmallProject(
      { client: owner.client, token, url: millrace.url },
      {
        '.circleci/config.yml': pipeline,
        'server.cjs': `const server = require('http').createServer((request, response) => response.end('fine'));
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`,
        'millrace.yaml': `environments: { production: { from: main } }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: 1s } }
`,
      },
    );
    await project.commit('one');
    await project.push();
    await eventually(
      'production serves',
      async () => {
        const { items } = await owner.client.deployments.listEnvironments({ query: { project: project.slug } });
        return items[0]?.lastGood && !items[0].active;
      },
      5 * minutes,
    );
  });
  afterAll(async () => {
    await project?.remove();
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
    await removeDirectory(directory);
  });

  function cli(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
    const all = {
      ...process.env,
      MILLRACE_SERVER: millrace.url,
      MILLRACE_TOKEN: token,
      MILLRACE_NO_BUILD: '1',
      MILLRACE_LOCAL: join(directory, 'local'),
      XDG_CONFIG_HOME: join(directory, 'config'),
      NO_COLOR: '1',
      ...env,
    };
    const options = { cwd: join(directory, 'tree'), env: all, timeout: 5 * minutes };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [millraceProgram, ...args], options, (error, out, err) => {
        resolve({ code: error ? Number((error as { code?: unknown }).code ?? -1) : 0, out, err });
      });
      child.stdin?.end();
    });
  }

  const file = '.circleci/config.yml';
  const missing = { error: { message: 'none.yml cannot be read: there is no such file' } };
  const uses: Record<string, Use> = {
    // The server of this story was started so; a second one finds its directory held.
    up: { fails: { env: { MILLRACE_PORT: '0' }, code: 1 } },
    // The story of the loop reads what it prints.
    demo: { fails: { env: { MILLRACE_PORT: 'abc' }, code: 2 } },
    doctor: {
      works: { args: [], shows: { findings: expect.any(Array) } },
      fails: { env: { MILLRACE_PORT: 'abc' }, code: 2, shows: { error: { code: 'app.settings' } } },
    },
    lint: {
      works: { args: [file], shows: { file, format: 'circleci', ok: true, problems: [] } },
      fails: { args: ['none.yml'], code: 1, shows: { file: 'none.yml', format: null, ok: false } },
    },
    explain: {
      works: { args: [file], shows: { ok: true, dialect: 'circleci' } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    'import circleci': {
      works: { args: [file], shows: { ok: true, jobs: 1 } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    'orb lock': {
      works: { args: [], shows: { ok: true, written: [] } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    'orb vendor': {
      works: { args: [], shows: { ok: true, written: [] } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    'errors group': {
      works: { args: ['event.json'], shows: { file: 'event.json', title: expect.any(String) } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    run: {
      works: { args: ['--host'], shows: { status: 'success' } },
      fails: { args: ['none.yml'], code: 1, shows: missing },
    },
    login: {
      works: { args: [], shows: { me: { role: 'owner' } } },
      fails: { args: ['--token', 'mlr_wrong'], code: 1, shows: { error: { code: 'identity.sign-in' } } },
    },
    'project list': {
      works: { args: [], shows: [{ slug: 'small' }] },
      fails: { env: { MILLRACE_SERVER: 'http://127.0.0.1:9' }, code: 1 },
    },
    'project create': {
      works: { args: ['Second', '--slug', 'second'], shows: { slug: 'second' } },
      fails: { args: ['Small again', '--slug', 'small'], code: 1 },
    },
    'project show': { works: { args: ['small'], shows: { slug: 'small' } }, fails: { args: ['none'], code: 1 } },
    logs: {
      works: { args: ['1', '--project', 'small'], shows: { number: 1, status: 'success' } },
      fails: { args: ['99', '--project', 'small'], code: 1 },
    },
    deploy: {
      works: { args: ['production', '--project', 'small', '--release', '1'], shows: { status: 'succeeded' } },
      fails: { args: ['nowhere', '--project', 'small'], code: 1 },
    },
    rollback: {
      works: { args: ['production', '--project', 'small', '--to', '1', '--yes'], shows: { release: { number: 1 } } },
      fails: { args: ['production', '--project', 'small'], code: 2, shows: { error: { code: 'cli.confirm' } } },
    },
    // What is kept is not built again; the story of retention builds what is not.
    rebuild: { fails: { args: ['1', '--project', 'small'], code: 1 } },
    query: {
      works: { args: ['SELECT count(*) FROM Event'], shows: { columns: expect.any(Array) } },
      fails: { args: ['SELEC count(*) FROM Event'], code: 1 },
    },
  };

  it('has a use here for every command', () => {
    expect(Object.keys(uses).sort()).toEqual(speakJson.map(nameOf).sort());
  });

  it('explains every command, and refuses an option it does not have with a sentence and 2', async () => {
    for (const { path } of all) {
      const help = await cli([...path, '--help']);
      expect([help.code, help.err], nameOf({ path })).toEqual([0, '']);
      expect(help.out, nameOf({ path })).toContain(`Usage: millrace ${nameOf({ path })}`);
      const wrong = await cli([...path, '--frobnicate']);
      expect(wrong, nameOf({ path })).toMatchObject({ code: 2, out: '' });
      expect(wrong.err, nameOf({ path })).toMatch(/^Unknown option '--frobnicate'\.\nSee: millrace .*--help\n$/);
    }
  });

  it.each(speakJson.map(nameOf))('%s prints JSON when it works and when it fails', async (name) => {
    const { works, fails } = uses[name]!;
    const path = name.split(' ');
    if (works) {
      const done = await cli([...path, ...works.args, '--json']);
      expect(JSON.parse(done.out), done.err).toMatchObject(works.shows);
      // What is missing on this machine is for doctor to say, not for this test.
      if (name !== 'doctor') expect(done.code, done.err).toBe(0);
    }
    const data = { MILLRACE_DATA: millrace.dataDir };
    const failed = await cli([...path, ...(fails.args ?? []), '--json'], { ...data, ...fails.env });
    expect(failed.code, failed.err).toBe(fails.code);
    const told = JSON.parse(failed.out) as { error: { message: string } };
    expect(told).toMatchObject({ ok: false, ...fails.shows });
    // Whoever looks at the screen is told too.
    if (name !== 'lint') expect(failed.err).toContain(told.error.message);
    const wrong = await cli([...path, '--json', '--frobnicate']);
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.out)).toMatchObject({ ok: false, error: { code: 'cli.usage' } });
  });

  it('prints each line of a service’s log as one line of JSON', async () => {
    const args = ['logs', '--environment', 'production', '--project', 'small', '--json'];
    const lines = await eventually('logs of the service', async () => {
      const { code, out } = await cli(args);
      return code === 0 && out !== '' && out.trim().split('\n');
    });
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ environment: 'production', service: 'web' });
  });

  it('lints several files into an array, in their order, whatever one of them is', async () => {
    const { code, out } = await cli(['lint', '--json', file, 'none.yml', file]);
    expect(code).toBe(1);
    const results = JSON.parse(out) as { file: string; ok: boolean }[];
    expect(results.map((one) => [one.file, one.ok])).toEqual([
      [file, true],
      ['none.yml', false],
      [file, true],
    ]);
  });
});
