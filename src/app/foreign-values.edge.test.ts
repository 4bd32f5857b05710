import type { InjectOptions } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startHouse, type TestHouse } from '../../test/harness/house.ts';
import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import type { Operation } from '../platform/http/contract.ts';
import { contracts } from './contracts.ts';

/**
 * Every operation of the API, as the owner, with values nobody should send: whatever comes, the answer is the operation's
 * own or a plain refusal, and never an unexpected failure.
 */
let whole: TestHouse;
const logged: string[] = [];
let token: string;
let project: { id: string; slug: string };

beforeAll(async () => {
  whole = await startHouse(pino({ level: 'error' }, { write: (line: string) => void logged.push(line) }));
  const { identity, projects } = whole.house;
  const owner = await identity.createOwner({ name: 'Ada', email: 'a@b.org', password: 'correct horse battery' });
  const input = { personId: owner.id, name: 't', role: 'owner' as const, scopes: null, expiresAt: null };
  token = (await identity.createToken(input, system('test'))).text;
  project = await projects.create({ name: 'Shop' }, system('test'));
});
afterAll(() => whole.close());

const cursorOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const texts = [
  '',
  'nonsense',
  '\0',
  'a\0b',
  '\ud800',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  'NaN',
  'null',
  '2026-13-45T99:99:99Z',
  '2026-01-01T00:00:00Z',
  '../../etc/passwd',
  "'; drop table x; --",
  '%',
  '%2e%2e%2f',
  '🦄'.repeat(100),
  'x'.repeat(4000),
  '01890000-0000-7000-8000-00000000dead',
  ...[[], [1], ['x'], [1, 2], ['x', 'y'], [1, 'x'], ['\0', '\0'], [1, 2, 3], ['a', 'b', 'c'], {}, null].map(cursorOf),
];
const values: unknown[] = [
  ...texts,
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  [],
  [''],
  ['\0'],
  [null],
  {},
  { '\0': '\0' },
];

/** A value that the schema takes, so that only the one looked at is odd; undefined where none was found. */
function plausible(schema: z.ZodType): unknown {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return fromJson(json, json);
}
interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  minItems?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  format?: string;
  default?: unknown;
}
function fromJson(json: JsonSchema, top: JsonSchema): unknown {
  if (json.$ref) return fromJson(top.$defs?.[json.$ref.split('/').at(-1)!] ?? {}, top);
  if ('default' in json) return json.default;
  if ('const' in json) return json.const;
  if (json.enum) return json.enum[0];
  const [first] = json.anyOf ?? json.oneOf ?? json.allOf ?? [];
  if (first) return fromJson(first, top);
  switch (json.type) {
    case 'object':
      return Object.fromEntries(
        (json.required ?? []).map((name) => [name, fromJson(json.properties?.[name] ?? {}, top)]),
      );
    case 'array':
      return Array.from({ length: json.minItems ?? 0 }, () => fromJson(json.items ?? {}, top));
    case 'integer':
    case 'number':
      return Math.max(1, json.minimum ?? json.exclusiveMinimum ?? 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      if (json.format === 'uuid') return newId();
      if (json.format === 'email') return `somebody-${newId()}@example.org`;
      if (json.format === 'uri') return 'http://127.0.0.1:9/';
      if (json.format === 'date-time') return '2026-01-01T00:00:00Z';
      return `text-${newId()}`.padEnd(json.minLength ?? 0, 'x');
  }
}

/** Requests in which one value after the other is odd. */
function* oddRequests(operation: Operation): Generator<{ what: string; request: InjectOptions }> {
  const params: Record<string, unknown> = {};
  for (const name of Object.keys(operation.params?.shape ?? {})) {
    params[name] = name === 'project' ? project.slug : newId();
  }
  const query = {};
  const body = operation.body ? plausible(operation.body) : undefined;
  const request = (given: { params?: object; query?: object; body?: unknown }): InjectOptions => {
    const path = operation.path.replace(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent(String({ ...params, ...given.params }[name])),
    );
    const search = new URLSearchParams({ ...query, ...given.query } as Record<string, string>);
    const payload = 'body' in given ? given.body : body;
    return {
      method: operation.method,
      url: `/api/v1${path}?${search}`,
      headers: {
        authorization: `Bearer ${token}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    };
  };
  yield { what: 'plain', request: request({}) };
  for (const name of Object.keys(params)) {
    for (const text of texts) {
      const odd = text.replace('\ud800', '�') || ' ';
      yield {
        what: `param ${name} ${JSON.stringify(odd.slice(0, 60))}`,
        request: request({ params: { [name]: odd } }),
      };
    }
  }
  for (const name of Object.keys(operation.query?.shape ?? {})) {
    for (const text of texts)
      yield {
        what: `query ${name} ${JSON.stringify(text.slice(0, 60))}`,
        request: request({ query: { [name]: text } }),
      };
  }
  if (!operation.body) return;
  for (const value of values)
    yield { what: `body ${JSON.stringify(value)?.slice(0, 60)}`, request: request({ body: value }) };
  if (typeof body !== 'object' || body === null) return;
  const json = z.toJSONSchema(operation.body, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const names = new Set([...Object.keys(body), ...Object.keys(json.properties ?? {})]);
  for (const name of names) {
    for (const value of values) {
      const what = `body.${name} ${JSON.stringify(value)?.slice(0, 60)}`;
      yield { what, request: request({ body: { ...body, [name]: value } }) };
    }
  }
}

it.each(contracts.map((contract) => [contract.room, contract] as const))(
  '%s answers every odd value in every place plainly',
  async (_, { operations }) => {
    const failures = new Map<string, string>();
    for (const [name, operation] of Object.entries(operations)) {
      const began = Date.now();
      let tried = 0;
      // A stream does not end by itself, and the answer of `inject` is the end.
      if (name === 'tail') continue;
      for (const { what, request } of oddRequests(operation)) {
        const answer = await whole.app.inject(request);
        tried++;
        const isProblem = answer.headers['content-type']?.toString().startsWith('application/problem+json');
        const plain = answer.statusCode < 500 && (answer.statusCode < 400 || isProblem);
        const place = `${name} ${what
          .split(' ')
          .slice(0, what.startsWith('body') ? 1 : 2)
          .join(' ')}`;
        if (plain || failures.has(place)) continue;
        const cause = logged.at(-1)?.match(/"message":"[^"]*"/)?.[0] ?? '';
        failures.set(place, `${what}: ${answer.statusCode} ${answer.body.slice(0, 60)} ${cause}`);
      }
      if (Date.now() - began > 1500) console.log(name, tried, Date.now() - began);
    }
    expect([...failures.entries()].map(([place, failure]) => `${place}: ${failure}`)).toEqual([]);
  },
  600_000,
);
