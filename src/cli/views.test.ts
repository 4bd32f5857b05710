import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../client/api-error.ts';
import { Fault } from '../kernel/faults.ts';
import { ago } from './ages.ts';
import { sameAddress } from './chosen-project.ts';
import { parseParameters } from './commands/explain.ts';
import { type LintResult, lint, lintReport } from './commands/lint.ts';
import { report as doctorReport, type Finding, healthy } from './doctor/report.ts';
import { explainReport } from './explain-report.ts';
import { findings } from './findings.ts';
import { type QueryAnswer, queryReport, spark } from './query-report.ts';
import { asksForJson, report, reportAsJson, usageSentence } from './report.ts';
import { connect, loginFile, readLogin, writeLogin } from './session.ts';
import { table, width } from './table.ts';
import { localTrigger } from './working-tree.ts';

const plain = { paint: (_: string, text: string) => text, columns: 80 };
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('tables and charts', () => {
  it('aligns by what a terminal shows, not by bytes', () => {
    expect(
      table(
        [
          ['a', '\x1b[31mxx\x1b[0m', '1'],
          ['日本', 'y', '22'],
        ],
        { right: [2] },
      ),
    ).toEqual(['a     \x1b[31mxx\x1b[0m   1', '日本  y   22']);
    expect(width('é\u0301日')).toBe(3);
  });

  it('draws values against the highest, thins by the highest of neighbours, and leaves gaps blank', () => {
    expect(spark([0, 5, 10], 10)).toBe('▁▅█');
    expect(spark([null, 1, null], 10)).toBe(' █ ');
    expect(spark([1, 9, 1, 1], 2)).toBe('█▂');
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))),
        fc.integer({ min: 1, max: 50 }),
        (points, room) => {
          expect(spark(points, room).length).toBeLessThanOrEqual(Math.max(room, points.length === 0 ? 0 : 1));
        },
      ),
    );
  });

  it('says how long ago', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(
      ['2026-01-01T23:59:57Z', '2026-01-01T23:56:00Z', '2026-01-01T21:00:00Z', '2025-12-25T00:00:00Z'].map((at) =>
        ago(at, now),
      ),
    ).toEqual(['now', '4 min ago', '3 h ago', '8 days ago']);
  });

  it('prints an answer as a table with units, and a comparison with its verdict', () => {
    const answer: QueryAnswer = {
      nrql: 'SELECT ...',
      shape: 'table',
      columns: [
        { key: 'f', label: 'name', role: 'facet', kind: 'string', unit: null, expression: 'name' },
        { key: 'v', label: 'average', role: 'value', kind: 'number', unit: 'ms', expression: 'average(duration)' },
      ],
      rows: [
        ['GET /', 12.345],
        ['POST /', 1234],
      ],
      compareRows: null,
      buckets: null,
      series: [],
      window: { since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' },
      compareWindow: null,
      timezone: 'UTC',
      eventTypes: ['Transaction'],
      facets: ['name'],
      warnings: [],
      comparison: { operator: '<', threshold: 1, value: 2, verdict: 'fails' },
      cost: { rowsRead: 1500, bytesRead: 1, elapsedMs: 12 },
    };
    expect(queryReport(answer, plain)).toEqual([
      'name     average',
      'GET /    12.3 ms',
      'POST /  1,234 ms',
      'fails: 2 < 1',
      '1,500 records read in 12 ms',
    ]);
  });
});

describe('lint', () => {
  const result: LintResult = {
    file: 'a.yml',
    format: 'circleci',
    ok: false,
    problems: [{ severity: 'error', line: 3, column: 5, message: 'Wrong', hint: 'Mend it.' }],
  };

  it('prints problems in the form that editors link', () => {
    expect(lintReport([result], plain)).toEqual(['a.yml:3:5: error: Wrong (Mend it.)', 'a.yml (circleci): 1 error']);
  });

  it('counts a file that is not there, or of no known kind, as one with an error', async () => {
    const odd = join(directory, 'odd.bin');
    await writeFile(odd, '');
    const printed: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    const code = await lint([join(directory, 'none.yml'), odd], { json: true }).finally(() => write.mockRestore());
    expect(code).toBe(1);
    const results = JSON.parse(printed.join('')) as LintResult[];
    expect(results.map(({ format, ok }) => [format, ok])).toEqual([
      [null, false],
      [null, false],
    ]);
    expect(results[0]!.problems[0]!.message).toBe('The file cannot be read: there is no such file');
    await expect(lint([odd], { format: 'nonsense' })).rejects.toThrow(Fault);
  });
});

describe('explain', () => {
  it('tells where jobs run, after what, and why a derived plan looks so', () => {
    const trigger = localTrigger(
      { root: '/x/shop', branch: 'main', sha: undefined, remote: undefined, remotes: [], commit: undefined },
      {},
    );
    const job = {
      key: 'derived/node',
      name: 'node',
      workflow: 'derived',
      kind: 'build' as const,
      requires: [],
      executor: { kind: 'machine' as const },
      environment: {},
      contexts: ['org'],
      shell: 'sh',
      workingDirectory: '~',
      parallelism: 2,
      steps: [],
    };
    const after = {
      ...job,
      key: 'derived/after',
      name: 'after',
      requires: [{ key: 'derived/node', outcomes: ['failed' as const] }],
      contexts: [],
    };
    const plan = {
      dialect: 'derived',
      workflows: [{ name: 'derived', jobs: [job, after] }],
      notes: [{ severity: 'info' as const, file: 'package.json', message: 'It has tests' }],
    };
    const found = findings(['compose.yaml', 'infra/main.tf', 'infra/more.tf', 'src/x.ts']);
    expect(explainReport({ plan, problems: [] }, trigger, found, plain)).toEqual([
      'Found here',
      '  compose.yaml                the services to deploy',
      '  infra/main.tf (and 1 more)  infrastructure, applied with Terraform',
      '',
      'What runs for branch main (no pipeline file; derived from what is here)',
      '  derived',
      '    node   this machine  2 copies of 0 steps  contexts org',
      '    after  this machine  2 copies of 0 steps  after node (failed)',
      '',
      'Why',
      '  package.json: info: It has tests',
    ]);
  });

  it('reads parameters with their types', () => {
    expect(parseParameters(['a=true', 'b=12', 'c=x=y', 'd='])).toEqual({ a: true, b: 12, c: 'x=y', d: '' });
    expect(() => parseParameters(['x'])).toThrow(Fault);
  });
});

describe('doctor', () => {
  const git: Finding = {
    id: 'git',
    name: 'git',
    state: 'missing',
    required: true,
    detail: 'not found',
    cost: 'No pushes.',
    hint: 'Install it.',
  };

  it('is content while only optional things are missing, and tells every cost', () => {
    expect(healthy([{ ...git, required: false }])).toBe(true);
    expect(healthy([git])).toBe(false);
    expect(doctorReport([git], plain)).toEqual([
      'missing  git  not found',
      '',
      'git: No pushes. Install it.',
      '',
      'Millrace cannot run here before what is missing is there.',
    ]);
  });
});

describe('the stored login', () => {
  it('is readable by its owner only, and read back', async () => {
    const env = { XDG_CONFIG_HOME: join(directory, 'config') };
    const file = loginFile(env);
    expect(await readLogin(file)).toBeUndefined();
    await writeLogin(file, { url: 'http://x', token: 't' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readLogin(file)).toEqual({ url: 'http://x', token: 't' });
    expect((await connect(env)).url).toBe('http://x');
    await expect(connect({ ...env, MILLRACE_SERVER: 'http://elsewhere' })).rejects.toThrow(
      /no token for http:\/\/elsewhere/,
    );
  });

  it('knows one repository by its address', () => {
    expect(sameAddress('http://u:p@h:1/git/a.git', 'http://h:1/git/a')).toBe(true);
    expect(sameAddress('http://h/git/a.git', 'http://h/git/b.git')).toBe(false);
  });
});

describe('what went wrong', () => {
  const told = (error: unknown): [number, string[]] => {
    const lines: string[] = [];
    return [report(error, (line) => lines.push(line)), lines];
  };

  it('becomes a sentence, a hint and an exit code', () => {
    expect(told(new Fault('invalid', 'Not so', { code: 'x', hint: 'Do this.' }))).toEqual([2, ['Not so.', 'Do this.']]);
    expect(told(new Fault('missing', 'Gone?', { code: 'x' }))).toEqual([1, ['Gone?']]);
    const problems = [{ severity: 'error' as const, file: 'f', line: 1, column: 2, message: 'm' }];
    expect(told(new ApiError(400, { detail: 'So m', problems }))).toEqual([1, ['So m.']]);
    expect(told(new ApiError(422, { detail: 'No.', problems }))).toEqual([1, ['No.', '  f:1:2: error: m']]);
  });

  it('is one line of JSON for programs, whatever it was', () => {
    const told = (error: unknown): unknown => {
      let line = '';
      reportAsJson(error, (text) => {
        line = text;
      });
      return JSON.parse(line);
    };
    expect(told(new Fault('missing', 'Gone', { code: 'x', hint: 'Look.' }))).toEqual({
      ok: false,
      error: { code: 'x', message: 'Gone', hint: 'Look.' },
    });
    expect(told(new Error('Broken'))).toEqual({ ok: false, error: { code: 'cli.unexpected', message: 'Broken' } });
    expect(told('thrown')).toMatchObject({ ok: false, error: { message: 'thrown' } });
    expect(asksForJson(['query', '--json', 'x'])).toBe(true);
    expect(asksForJson(['query', '--', '--json'])).toBe(false);
  });

  it('is a sentence also where the command line is wrong', () => {
    expect(usageSentence("error: unknown option '--jsn'\n(Did you mean --json?)\n")).toBe(
      "Unknown option '--jsn'. Did you mean --json?",
    );
    expect(usageSentence("error: missing required argument 'file'\n")).toBe("Missing required argument 'file'.");
  });
});
