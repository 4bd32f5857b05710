import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostic, hasErrors } from '../kernel/diagnostics.ts';
import { millraceJsonSchema } from './millrace-file.ts';
import { readMillraceFile } from './read-millrace-file.ts';

const read = (text: string | undefined) => readMillraceFile(text, { defaultBranch: 'main' });

test('without a file: staging from the default branch, production from staging', () => {
  const { file, problems } = read(undefined);
  expect(problems).toEqual([]);
  expect(file.environments.map(({ name, from, approval }) => ({ name, from, approval }))).toEqual([
    { name: 'staging', from: { kind: 'branch', name: 'main' }, approval: false },
    { name: 'production', from: { kind: 'environment', name: 'staging' }, approval: false },
  ]);
  expect(file.environments[0]!.rollout).toEqual({
    healthyWithinMs: 120_000,
    drainMs: 30_000,
    verifyMs: 60_000,
    where: undefined,
    noData: 'pass',
    otherwise: 'roll back',
  });
});

test('an empty file means the defaults too', () => {
  expect(read('').file).toEqual(read(undefined).file);
  expect(read('# nothing\n').problems).toEqual([]);
});

test('reads environments, rollout and gates; an environment may override the rollout', () => {
  const { file, problems } = read(`
services: [compose.yaml, compose.prod.yaml]
x-team: ours
environments:
  staging: { from: develop, variables: { DEBUG: true, LEVEL: 3 } }
  production:
    from: staging
    approval: true
    replicas: { web: 3 }
    routes: [ { host: Shop.Example, service: web }, { path: /api, service: pricing, stripPath: true } ]
    rollout: { verify: { for: 5 minutes } }
rollout:
  drain: 5s
  verify: { for: 90s, where: ["SELECT count(*) FROM ErrorEvent = 0"] }
`);
  expect(problems).toEqual([]);
  expect(file.services).toEqual(['compose.yaml', 'compose.prod.yaml']);
  const [staging, production] = file.environments;
  expect(staging!.variables).toEqual({ DEBUG: 'true', LEVEL: '3' });
  expect(staging!.rollout).toMatchObject({ verifyMs: 90_000, drainMs: 5000 });
  expect(production!.rollout).toMatchObject({ verifyMs: 300_000, where: ['SELECT count(*) FROM ErrorEvent = 0'] });
  expect(production!.routes).toEqual([
    { host: 'shop.example', path: '/', service: 'web', stripPath: false },
    { host: undefined, path: '/api', service: 'pricing', stripPath: true },
  ]);
});

test('all problems come back at once, each at its place', () => {
  const { problems } = read(`services: ../other.yaml
enviroments: {}
environments:
  Staging: { from: main }
  production:
    approval: sometimes
    replicas: { web: 0 }
rollout:
  verify: { for: soon }
`);
  expect(problems.map((problem) => `${problem.line}:${problem.column}`).sort()).toEqual(
    ['1:1', '2:1', '4:3', '6:5', '7:17', '9:13'].sort(),
  );
  expect(problems.map(formatDiagnostic).join('\n')).toMatch(/"enviroments" is not a field/);
  expect(hasErrors(problems)).toBe(true);
});

test('a section that this version does nothing with is told, with its place and what to do', () => {
  const { problems } = read(`pipeline: ci/build.yml
infrastructure: { production: infra/ }
configuration: ansible/site.yml
monitoring: nagios/
alerts: alerts/
`);
  expect(problems.map((problem) => `${problem.severity} ${problem.line}:${problem.column}`)).toEqual(
    [1, 2, 3, 4, 5].map((line) => `warning ${line}:1`),
  );
  expect(formatDiagnostic(problems[0]!)).toBe(
    'millrace.yaml:1:1: warning: "pipeline" has no effect yet: the pipeline is read from .circleci/config.yml, or derived from ' +
      'what the repository holds (Move the file to .circleci/config.yml.)',
  );
  expect(read('pipeline: .circleci/config.yml').problems).toEqual([]);
});

test('a misspelt field names the one that may be meant, at every depth', () => {
  const { problems } = read(`enviroments: {}
environments:
  production: { aproval: true, rollout: { verfy: {} }, routes: [ { sevice: web } ] }
rollout: { verify: { fore: 1m, zzz: 1 } }
`);
  expect(problems.map((problem) => problem.hint)).toEqual(
    expect.arrayContaining([
      'Did you mean "environments"?',
      'Did you mean "approval"?',
      'Did you mean "verify"?',
      'Did you mean "service"?',
      'Did you mean "for"?',
      'Known here: for, where, noData, otherwise. Fields of your own begin with "x-".',
    ]),
  );
});

test('a branch may have the name of the environment it feeds', () => {
  const { file, problems } = read('environments: { staging: { from: staging }, production: { from: staging } }');
  expect(problems).toEqual([]);
  expect(file.environments.map((environment) => environment.from)).toEqual([
    { kind: 'branch', name: 'staging' },
    { kind: 'environment', name: 'staging' },
  ]);
});

test('environments that feed each other in a circle are refused, previews are announced as not made', () => {
  const { file, problems } = read(`environments:
  a: { from: b }
  b: { from: a }
  preview: { from: pull-requests, expires: 3 days }
`);
  expect(problems.filter((problem) => problem.severity === 'error').map((problem) => problem.line)).toEqual([2, 3]);
  expect(problems.find((problem) => problem.severity === 'warning')!.message).toMatch(/preview environments/);
  expect(file.environments.map((environment) => environment.name)).toEqual(['a', 'b']);
});

test('bad YAML and hostile aliases are problems, not exceptions', () => {
  expect(hasErrors(read('environments: [').problems)).toBe(true);
  const bomb = ['a: &a [x]', ...Array.from({ length: 200 }, (_, n) => `b${n}: [*a, *a]`)].join('\n');
  expect(hasErrors(read(bomb).problems)).toBe(true);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      read(text);
    }),
    { numRuns: 40 },
  );
});

test('the published JSON Schema is the one printed from the code', () => {
  const published = readFileSync(new URL('../../docs/millrace.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(millraceJsonSchema())));
});
