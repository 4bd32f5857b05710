import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Operation } from '../platform/http/contract.ts';
import { openApiOf } from '../platform/http/openapi.ts';
import { contracts } from './contracts.ts';
import { printOperations } from './print-operations.ts';

describe('the API as a whole', () => {
  it('has a client that knows every operation (run `npm run generate`)', () => {
    const committed = readFileSync(new URL('../client/generated/operations.ts', import.meta.url), 'utf8');
    expect(committed).toBe(printOperations(contracts));
  });

  it('gives each method and path to one operation', () => {
    const routes = contracts.flatMap((contract) =>
      Object.values(contract.operations).map(
        (operation) => `${operation.method} ${operation.path.replace(/:\w+/g, ':')}`,
      ),
    );
    expect(routes.length).toBeGreaterThan(30);
    expect(routes.filter((route, index) => routes.indexOf(route) !== index)).toEqual([]);
  });

  it('declares every path parameter it uses', () => {
    for (const contract of contracts) {
      for (const [name, operation] of Object.entries(contract.operations)) {
        const used = [...operation.path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
        const declared = Object.keys(operation.params?.shape ?? {});
        expect(declared.sort(), `${contract.room}.${name}`).toEqual(used.sort());
      }
    }
  });

  it('marks every operation whose answer shows a secret, so that the answer is not kept for replays', () => {
    const secret = /^(token|secret|link|password|text|key)$|Secret$/;
    const shows: string[] = [];
    for (const { room, operations } of contracts) {
      for (const [name, operation] of Object.entries(operations) as [string, Operation][]) {
        if (operation.method === 'GET' || !(operation.response instanceof z.ZodObject)) continue;
        // `tokenSecret` is the name of a stored secret, not its value.
        const fields = Object.keys(operation.response.shape).filter((f) => secret.test(f) && f !== 'tokenSecret');
        if (fields.length === 0) continue;
        shows.push(`${room}.${name}`);
        expect(operation.reveals, `${room}.${name} shows ${fields.join(', ')}`).toBe(true);
      }
    }
    expect(shows.sort()).toEqual(['identity.createToken', 'identity.invite', 'projects.connectRemote']);
  });

  it('prints an OpenAPI 3.1 document with every operation', () => {
    const document = openApiOf(contracts, '0.0.0') as { openapi: string; paths: Record<string, object> };
    expect(document.openapi).toBe('3.1.0');
    const count = Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).length, 0);
    expect(count).toBe(contracts.reduce((sum, contract) => sum + Object.keys(contract.operations).length, 0));
    expect(() => JSON.stringify(document)).not.toThrow();
  });
});
