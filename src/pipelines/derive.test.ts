import { describe, expect, it } from 'vitest';
import { derivePlan } from './derive.ts';
import type { Plan, SourceTree } from './port.ts';

function tree(files: Record<string, string>): SourceTree {
  return { list: async () => Object.keys(files), read: async (path) => files[path] };
}

function commands(plan: Plan | undefined): Record<string, string[]> {
  const jobs = plan?.workflows.flatMap((workflow) => workflow.jobs) ?? [];
  return Object.fromEntries(
    jobs.map((job) => [job.name, job.steps.flatMap((step) => (step.kind === 'run' ? [step.command] : []))]),
  );
}

describe('derivePlan', () => {
  it('installs and tests a Node project as its lock file and scripts say', async () => {
    const files = {
      'package.json': '{"scripts":{"test":"vitest","build":"tsc"},"engines":{"node":">=20"}}',
      'package-lock.json': '{}',
    };
    const plan = await derivePlan(tree(files), { containers: true });
    expect(commands(plan)).toEqual({ node: ['npm ci', 'npm run build', 'npm test'] });
    expect(plan?.workflows[0]?.jobs[0]?.executor).toEqual({
      kind: 'docker',
      images: [{ image: 'node:20', environment: {} }],
    });
    expect(plan?.notes[0]).toMatchObject({ severity: 'info', file: 'package.json' });
  });

  it('does not run the test script that npm puts into new projects', async () => {
    const files = { 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' };
    expect(commands(await derivePlan(tree(files), { containers: false }))).toEqual({ node: ['npm install'] });
  });

  it('tests Django with its own runner, and with pytest where the project uses it', async () => {
    const django = { 'manage.py': '', 'requirements.txt': 'Django==5.1', 'shop/tests.py': '' };
    expect(commands(await derivePlan(tree(django), { containers: false })).python?.at(-1)).toContain('manage.py test');
    const pytest = { ...django, 'requirements-dev.txt': 'pytest' };
    const plan = await derivePlan(tree(pytest), { containers: false });
    expect(commands(plan).python?.[0]).toContain('-r requirements.txt -r requirements-dev.txt');
    expect(plan?.workflows[0]?.jobs[0]?.steps.at(-1)).toMatchObject({
      kind: 'store_test_results',
      path: 'test-results',
    });
  });

  it('makes a job for each part of a repository with several, below folders too', async () => {
    const files = {
      'web/manage.py': '',
      'pricing/package.json': '{"scripts":{"test":"node --test"}}',
      'pricing/node_modules/x/package.json': '{}',
      'pricing/tools/package.json': '{}',
      'compose.yaml': '',
    };
    const plan = await derivePlan(tree(files), { containers: false });
    expect(Object.keys(commands(plan)).sort()).toEqual(['pricing-node', 'web-python']);
    const steps = plan?.workflows[0]?.jobs.find((job) => job.name === 'pricing-node')?.steps ?? [];
    expect(steps.filter((step) => step.kind === 'run').every((step) => step.workingDirectory === 'pricing')).toBe(true);
  });

  it.each([
    [{ 'go.mod': 'module x\n\ngo 1.22\n' }, 'go', 'go test ./...'],
    [{ 'Cargo.toml': '', 'Cargo.lock': '' }, 'rust', 'cargo test --locked'],
    [{ 'pom.xml': '', mvnw: '' }, 'maven', './mvnw -B verify'],
    [{ Makefile: 'build:\n\ttrue\ntest: build\n\ttrue\n' }, 'make', 'make test'],
  ])('knows %j', async (files, job, command) => {
    expect(commands(await derivePlan(tree(files as Record<string, string>), { containers: false }))[job]?.at(-1)).toBe(
      command,
    );
  });

  it('lets a repository that only says how to deploy succeed at once', async () => {
    const plan = await derivePlan(tree({ Dockerfile: 'FROM scratch', 'index.html': '' }), { containers: true });
    expect(plan?.workflows[0]?.jobs.map((job) => job.kind)).toEqual(['no-op']);
  });

  it('makes nothing of what it does not know', async () => {
    expect(await derivePlan(tree({ 'README.md': '' }), { containers: true })).toBeUndefined();
    const broken = await derivePlan(tree({ 'package.json': '{' }), { containers: true });
    expect(commands(broken)).toEqual({ node: ['npm install'] });
  });
});
