import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/app/settings.ts';
import type { ServiceSpec } from '../../src/deployments/port.ts';
import { compileCircleci } from '../../src/integrations/circleci/compile.ts';
import { composeLoader } from '../../src/integrations/compose/index.ts';
import { sortItems } from '../../src/integrations/sentry/items.ts';
import { SeenCatalogue } from '../../src/telemetry/catalogue.ts';
import { compileText } from '../../src/telemetry/compile-text.ts';
import { compileQuery } from '../../src/telemetry/nrql/compile.ts';
import { parse } from '../../src/telemetry/nrql/parser.ts';
import { NrqlError } from '../../src/telemetry/nrql/problems.ts';
import { unansweredRowFunctions } from '../../src/telemetry/nrql/row-functions.ts';
import { circleciCases } from './docs/circleci-cases.ts';
import { composeCases } from './docs/compose-cases.ts';
import { nrqlCases, nrqlRefusals } from './docs/nrql-cases.ts';
import { printed, put, settingsRows } from './docs/tables.ts';

/** What the documentation says is what the program does. `npm run docs` prints the tables anew. */
const folder = fileURLToPath(new URL('../../docs/', import.meta.url));

describe('tables printed from the code', () => {
  for (const [page, tables] of Object.entries(printed)) {
    it(`${page} is up to date (run \`npm run docs\`)`, { timeout: 120_000 }, () => {
      const before = readFileSync(join(folder, page), 'utf8');
      const after = Object.entries(tables).reduce((text, [name, print]) => put(text, name, print()), before);
      if (process.env.MILLRACE_WRITE_DOCS) writeFileSync(join(folder, page), after);
      else expect(before).toBe(after);
    });
  }
});

describe('links', () => {
  it('lead to pages that are there', () => {
    const root = dirname(dirname(folder));
    const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
    const texts = [...pages.map((name) => join(folder, name)), join(folder, '..', 'README.md')];
    const missing = texts.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, target]) => join(dirname(path), target!))
        .filter((target) => !existsSync(target))
        .map((target) => `${path.slice(root.length + 1)} links to ${target}`),
    );
    expect(missing).toEqual([]);
    const index = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(pages.filter((name) => name !== 'README.md' && !index.includes(`(${name})`))).toEqual([]);
  });
});

describe('docs/dashboards.md', () => {
  const text = readFileSync(join(folder, 'dashboards.md'), 'utf8');
  const queries = [...text.matchAll(/```nrql\n([\s\S]*?)```/g)].map(([, query]) => query!.trim());

  it.each(queries)('compiles %s', (query) => {
    const options = { scope: { projectId: 'p' }, catalogue: new SeenCatalogue(), now: 1_700_000_000_000 };
    expect(compileQuery(parse(query), options).main.sql).toMatch(/^SELECT/);
  });
});

describe('docs/circleci.md', () => {
  const sha = 'abcdef0123456789abcdef0123456789abcdef01';
  it.each(circleciCases.map((row) => [row.feature, row] as const))('%s', async (_, row) => {
    const { plan, problems } = await compileCircleci(
      {
        file: 'config.yml',
        text: row.config,
        tree: { list: async () => [], read: async () => undefined },
        trigger: {
          kind: 'push',
          branch: 'main',
          tag: undefined,
          sha,
          parameters: {},
          pipeline: { id: 'p', number: 1 },
          project: { id: 'i', slug: 'shop', gitUrl: 'http://git/shop.git', defaultBranch: 'main' },
          commit: { message: 'm', author: { name: 'Ada', email: 'ada@example.org' } },
        },
      },
      { shelves: [] },
    );
    const severe = problems
      .filter(({ severity }) => severity !== 'info')
      .map(({ severity, message }) => ({ severity, message }));
    if (row.outcome === 'works' || row.outcome === 'differs') {
      expect(severe).toEqual([]);
      expect(plan!.workflows.flatMap(({ jobs }) => jobs).length).toBeGreaterThan(0);
    } else {
      expect(severe.map(({ severity }) => severity)).toContain(row.outcome === 'refused' ? 'error' : 'warning');
      expect(severe.map(({ message }) => message).join('\n')).toMatch(row.says!);
      expect(plan === undefined).toBe(row.outcome === 'refused');
    }
  });
});

describe('docs/deployments.md', () => {
  it.each(composeCases.map((row) => [row.field, row] as const))('%s', async (_, row) => {
    const text = row.service.startsWith('services:') ? row.service : `services: { web: ${row.service} }\n`;
    const files: Record<string, string> = { 'compose.yaml': text, ...row.files };
    const { services, problems } = await composeLoader.load(
      { list: async () => Object.keys(files), read: async (path) => files[path] },
      undefined,
    );
    const said = problems.map(({ message }) => message).join('\n');
    if (row.outcome === 'works') expect(said).toBe('');
    else expect(said).toMatch(row.says!);
    const web: ServiceSpec | undefined = services.find(({ name }) => name === 'web');
    expect(web === undefined).toBe(row.outcome === 'refused');
    if (row.gives) expect(web).toMatchObject(row.gives);
  });
});

describe('docs/telemetry.md', () => {
  it.each(nrqlCases.map((row) => [row.feature, row] as const))('%s', (_, row) => {
    const compile = () =>
      compileQuery(parse(row.query), { scope: { projectId: 'p' }, catalogue: new SeenCatalogue(), now: 1.7e12 });
    if (row.outcome === 'answered') {
      expect(compile().main.sql).toContain('SELECT');
      return;
    }
    expect(() => parse(row.query)).not.toThrow();
    let refusal: unknown;
    try {
      compile();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(NrqlError);
    expect((refusal as NrqlError).reason === 'unsupported').toBe(row.outcome === 'parsed only');
  });
});

describe('docs/nrql.md', () => {
  it.each(nrqlRefusals.map((row) => [row.query, row] as const))('%s', (_, { query, at, says }) => {
    const { ok, problems } = compileText(query, 1.7e12, 'p');
    expect(ok).toBe(false);
    expect(problems).toMatchObject([{ severity: 'error', line: 1, column: at + 1, message: says }]);
  });

  it('has a row for every function that is known and not answered', () => {
    const shown = nrqlRefusals.map(({ query }) => query.toLowerCase());
    expect([...unansweredRowFunctions].filter((name) => !shown.some((query) => query.includes(`${name}(`)))).toEqual(
      [],
    );
  });
});

describe('docs/operations.md', () => {
  it('names every variable that settings are read from', () => {
    const asked = new Set<string>();
    const spy = new Proxy({} as NodeJS.ProcessEnv, {
      get: (_, name) => {
        asked.add(String(name));
        return undefined;
      },
    });
    readSettings(spy);
    expect(
      settingsRows()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...asked].sort());
  });
});

describe('docs/errors.md', () => {
  const page = readFileSync(join(folder, 'errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (kept|counted|read) \|/gm)].map(
    ([, type, fate]) => [type!, fate!] as const,
  );

  it('has a row for every kind of item', () => expect(rows.length).toBeGreaterThan(10));

  it.each(rows)('an item of type %s is %s', (type, fate) => {
    const at = 1_700_000_000;
    const body: Record<string, unknown> = {
      event: { message: 'x' },
      transaction: {
        type: 'transaction',
        transaction: 't',
        start_timestamp: at,
        timestamp: at + 1,
        contexts: { trace: { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) } },
      },
      span: {
        items: [
          {
            trace_id: 'a'.repeat(32),
            span_id: 'b'.repeat(16),
            name: 's',
            status: 'ok',
            is_segment: true,
            start_timestamp: at,
            end_timestamp: at + 1,
            attributes: {},
          },
        ],
      },
      log: { items: [{ timestamp: at, level: 'info', body: 'hello', attributes: {} }] },
      trace_metric: { items: [{ timestamp: at, name: 'm', type: 'counter', value: 1, attributes: {} }] },
      client_report: { discarded_events: [{ reason: 'sample_rate', category: 'error', quantity: 3 }] },
    };
    const sorted = sortItems({}, [{ header: { type }, payload: Buffer.from(JSON.stringify(body[type] ?? {})) }], {
      projectId: 'p',
      service: undefined,
      receivedAt: at * 1000,
      sentAt: undefined,
      remoteAddress: undefined,
      refused: new Set(),
    });
    const kept = sorted.events.length + sorted.records.length + sorted.items.length;
    expect(kept > 0).toBe(fate === 'kept');
    const outcomes = sorted.counted.map(({ outcome }) => outcome);
    if (fate === 'counted') expect(outcomes).toEqual(['unsupported']);
    if (fate === 'read') expect(outcomes).toEqual(['client_discard']);
  });
});
