import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { contracts } from '../../../src/app/contracts.ts';
import type { Operation } from '../../../src/platform/http/contract.ts';
import { roles } from '../../../src/platform/http/principal.ts';
import { listFunctions } from '../../../src/telemetry/nrql/words.ts';
import { circleciCases } from './circleci-cases.ts';
import { composeCases } from './compose-cases.ts';
import { nrqlCases, nrqlRefusals } from './nrql-cases.ts';

const root = new URL('../../../', import.meta.url);
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const circleci = (): string =>
  table(
    ['Feature', 'Outcome', 'Note'],
    circleciCases.map(({ feature, outcome, note }) => [feature, outcome, note]),
  );

const compose = (): string =>
  table(
    ['Field', 'Outcome', 'Note'],
    composeCases.map(({ field, outcome, note }) => [field, outcome, note]),
  );

const nrqlClauses = (): string =>
  table(
    ['NRQL', 'Outcome', 'Note'],
    nrqlCases.map(({ feature, outcome, note }) => [feature, outcome, note ?? '']),
  );

const nrqlFunctions = (): string =>
  table(
    ['Function', 'Kind', 'Gives'],
    listFunctions().map(({ signature, kind, summary }) => [`\`${signature}\``, kind, summary]),
  );

const nrqlRefused = (): string =>
  table(
    ['Query', 'At', 'Says', 'Why, and what to do'],
    nrqlRefusals.map(({ query, at, says, why }) => [`\`${query}\``, String(at + 1), says, why]),
  );

/** Settings with their comments, as `src/app/settings.ts` says them. */
export function settingsRows(): { name: string; fallback: string; meaning: string }[] {
  const source = readFileSync(new URL('src/app/settings.ts', root), 'utf8');
  const body = /export interface Settings \{([\s\S]*?)\n\}/.exec(source)![1]!;
  return [...body.matchAll(/\/\*\* ([A-Z_]+)[:.] ([\s\S]*?) \*\/\n\s*(\w+)/g)].map(([, name, meaning, field]) => ({
    name: name!,
    meaning: meaning!.replace(/\s+\*?\s+/g, ' '),
    fallback: defaults[field!] ?? '',
  }));
}

const defaults: Record<string, string> = {
  dataDir: '`/var/lib/millrace` for root, else `~/.local/share/millrace`',
  host: '`127.0.0.1`',
  port: '`7400`',
  gatewayPort: '`7480`',
  intakePort: '`7401`',
  tlsPort: '`7443`',
  otlpGrpcPort: '`4317`',
  syslogPort: '`5514`',
  fluentPort: '`24224`',
  statsdPort: '`8125`',
  logLevel: '`info`',
  runtime: '`auto`',
};

const settings = (): string =>
  table(
    ['Variable', 'Default', 'Meaning'],
    settingsRows().map(({ name, fallback, meaning }) => [`\`${name}\``, fallback, meaning]),
  );

const everyOperation = (): { room: string; name: string; operation: Operation }[] =>
  contracts.flatMap(({ room, operations }) =>
    Object.entries(operations as Record<string, Operation>).map(([name, operation]) => ({ room, name, operation })),
  );

/** For each room, how many operations each role may call, and what each adds. */
const roleMatrix = (): string => {
  const rooms = [...new Set(everyOperation().map(({ room }) => room))];
  const names = (room: string, role: string): string =>
    everyOperation()
      .filter((one) => one.room === room && one.operation.role === role)
      .map(({ name }) => name)
      .join(', ') || '–';
  return table(
    ['Room', 'nobody signed in', ...roles.map((role) => (role === 'viewer' ? role : `${role} also`))],
    rooms.map((room) => [room, names(room, 'public'), ...roles.map((role) => names(room, role))]),
  );
};

const operations = (): string =>
  table(
    ['Operation', 'Method and path', 'Does', 'Least role'],
    everyOperation().map(({ room, name, operation }) => [
      `${room}.${name}`,
      `\`${operation.method} /api/v1${operation.path}\``,
      operation.summary,
      operation.role,
    ]),
  );

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
}

const typeOf = (schema: Schema): string => {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${String(one)}\``).join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].filter((type) => type !== 'null').join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  return schema.type ?? 'any';
};

function fieldRows(schema: Schema, path: string): string[][] {
  const rows: string[][] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = path ? `${path}.${name}` : name;
    rows.push([`\`${at}\``, typeOf(field), field.description ?? '']);
    const inner = field.anyOf?.find((one) => one.properties) ?? field;
    rows.push(...fieldRows(inner, at));
    const item = inner.items;
    if (item?.properties) rows.push(...fieldRows(item, `${at}[]`));
    const each = typeof inner.additionalProperties === 'object' ? inner.additionalProperties : undefined;
    const value = each?.anyOf?.find((one) => one.properties) ?? each;
    if (value?.properties) rows.push(...fieldRows(value, `${at}.<name>`));
  }
  return rows;
}

const millraceFile = (): string => {
  const schema = JSON.parse(readFileSync(new URL('docs/millrace.schema.json', root), 'utf8')) as Schema;
  return table(['Field', 'Type', 'Meaning'], fieldRows(schema, ''));
};

/** The help texts, as the command line prints them. */
const help = (): string => {
  const print = (...command: string[]): string => {
    const entry = new URL('src/cli/main.ts', root).pathname;
    const tsx = import.meta.resolve('tsx');
    const { stdout, status } = spawnSync(process.execPath, ['--import', tsx, entry, ...command, '--help'], {
      encoding: 'utf8',
      env: { ...process.env, COLUMNS: '110', NO_COLOR: '1' },
    });
    if (status !== 0) throw new Error(`millrace ${command.join(' ')} --help ended with ${status}`);
    return stdout.trimEnd().replaceAll(/[ \t]+$/gm, '');
  };
  const top = print();
  const names = [...top.matchAll(/^ {2}([a-z]+)(?: .*)?$/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help');
  const commands = [...new Set(names.filter((name) => top.includes(`\n  ${name} `)))];
  return [
    `\`\`\`text\n${top}\n\`\`\``,
    ...commands.map((name) => `## millrace ${name}\n\n\`\`\`text\n${print(name)}\n\`\`\``),
  ].join('\n\n');
};

/** Tables of the documentation that are made from the code, by page and name. */
export const printed: Record<string, Record<string, () => string>> = {
  'circleci.md': { circleci },
  'deployments.md': { compose, 'millrace-file': millraceFile },
  'nrql.md': { 'nrql-refused': nrqlRefused },
  'telemetry.md': { 'nrql-clauses': nrqlClauses, 'nrql-functions': nrqlFunctions },
  'operations.md': { settings },
  'identity-and-secrets.md': { roles: roleMatrix },
  'api.md': { operations },
  'command-line.md': { help },
};

/** Puts a printed table between its marks; throws when the page has no such marks. */
export function put(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- printed: ${name} -->`, '<!-- end -->'];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`There is no place for "${name}"`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}
