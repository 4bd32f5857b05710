import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createCircleciDialect, directoryShelf, type OrbShelf } from '../../src/integrations/circleci/index.ts';
import type { SourceTree, Trigger } from '../../src/pipelines/port.ts';
import { conformanceFolder } from './folder.ts';

const folder = conformanceFolder('circleci');
const noFiles: SourceTree = { list: async () => [], read: async () => undefined };

function trigger(ref: { branch?: string; tag?: string }): Trigger {
  return {
    kind: 'push',
    ...ref,
    sha: '0123456789abcdef0123456789abcdef01234567',
    parameters: {},
    pipeline: { id: '0190a0a0-0000-7000-8000-000000000000', number: 7 },
    project: { id: '0190a0a0-0000-7000-8000-000000000001', slug: 'shop', gitUrl: 'http://localhost/git/shop.git' },
  };
}

function ownReference(usage: Record<string, unknown>, orb: string): string {
  const imported = Object.values((usage.orbs ?? {}) as Record<string, unknown>);
  const own = imported.find((one) => typeof one === 'string' && one.startsWith(`${orb}@`));
  return typeof own === 'string' ? own.slice(orb.length + 1) : '';
}

describe.skipIf(!folder)('orbs of CircleCI (outside cases)', () => {
  it('compiles every example whose orbs are at hand', async () => {
    const orbs = JSON.parse(readFileSync(join(folder!, 'orbs/index.json'), 'utf8')) as {
      file: string;
      orb: string;
      version: string;
    }[];
    const shelf = directoryShelf(join(folder!, 'orbs'));
    let compiled = 0;
    let jobs = 0;
    let absent = 0;
    const failed: string[] = [];
    for (const orb of orbs) {
      const source = parse(readFileSync(join(folder!, 'orbs', orb.file), 'utf8'), { maxAliasCount: -1 }) as {
        examples?: Record<string, { usage?: Record<string, unknown> }>;
      };
      // Examples name some older version of their own orb, or "x.y.z"; they are meant for the one they stand in.
      const own: OrbShelf = {
        versions: async (name) => (name === orb.orb ? [wantedVersion] : []),
        read: async () => shelf.read(orb.orb, orb.version),
      };
      let wantedVersion = '';
      const dialect = createCircleciDialect({ shelves: [own, shelf] });
      for (const [name, example] of Object.entries(source.examples ?? {})) {
        if (!example.usage) continue;
        wantedVersion = ownReference(example.usage, orb.orb);
        const text = stringify({ version: 2.1, ...example.usage });
        const result = await dialect.compile({
          file: 'config.yml',
          text,
          tree: noFiles,
          trigger: trigger({ branch: 'main' }),
        });
        const errors = result.problems.filter((problem) => problem.severity === 'error');
        if (result.plan) {
          compiled += 1;
          jobs += result.plan.workflows.reduce((sum, workflow) => sum + workflow.jobs.length, 0);
        } else if (errors.every((error) => error.message.includes('is not on this machine'))) absent += 1;
        else
          failed.push(
            `${orb.orb}@${orb.version} ${name}: ${errors
              .map((e) => `${e.file}:${e.line}: ${e.message}`)
              .slice(0, 3)
              .join(' | ')}`,
          );
      }
    }
    console.log(
      [
        `CircleCI orb examples: ${compiled} compiled to ${jobs} jobs, ${failed.length} failed, ${absent} need an orb that is not here`,
        ...failed,
      ].join('\n'),
    );
    // The rest are wrong as published: they name jobs, parameters or executors that do not exist, or an orb as `a/b:1.0`.
    expect(failed.length).toBeLessThanOrEqual(57);
  });
});
