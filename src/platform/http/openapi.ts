import { z } from 'zod';
import type { Contract, Operation } from './contract.ts';
import { problemMediaType } from './problem.ts';

type Json = Record<string, unknown>;

/** Turns a schema into JSON Schema; parts that refer to themselves go to `shared`, where the whole document finds them. */
type Print = (schema: z.ZodType, io: 'input' | 'output') => Json;

function printer(shared: Json): Print {
  return (schema, io) => {
    const {
      $schema: _,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Json & { $defs?: Json };
    const names = new Map(Object.keys($defs).map((name) => [name, `Shared${Object.keys(shared).length}_${name}`]));
    for (const [name, part] of Object.entries($defs)) shared[names.get(name)!] = placed(part, names);
    return placed(rest, names) as Json;
  };
}

/** The same with its references leading to the document's own place for schemas. */
function placed(value: unknown, names: Map<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => placed(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key === '$ref' && typeof inner === 'string' ? /^#\/\$defs\/(.*)$/.exec(inner)?.[1] : undefined;
      return [key, name === undefined ? placed(inner, names) : `#/components/schemas/${names.get(name)}`];
    }),
  );
}

function parametersOf(print: Print, schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = print(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function operationOf(print: Print, room: string, name: string, operation: Operation): Json {
  const status = operation.status ?? (operation.creates ? 201 : 200);
  const headers = operation.creates
    ? [
        {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          schema: { type: 'string', maxLength: 200 },
          description: 'A retry with the same key and body answers as the first call did and creates nothing new.',
        },
      ]
    : [];
  const match =
    operation.etag && operation.method !== 'GET'
      ? [{ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } }]
      : [];
  return {
    operationId: `${room}.${name}`,
    tags: [room],
    summary: operation.summary,
    'x-millrace-role': operation.role,
    ...(operation.role === 'public' ? { security: [] } : {}),
    parameters: [
      ...parametersOf(print, operation.params, 'path'),
      ...parametersOf(print, operation.query, 'query'),
      ...headers,
      ...match,
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: print(operation.body, 'input') } },
          },
        }
      : {}),
    responses: {
      [status]: {
        description: 'Success',
        content: { 'application/json': { schema: print(operation.response, 'output') } },
      },
      default: {
        description: 'A refusal, with a stable code and a hint',
        content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

/** The OpenAPI 3.1 document of the contracts, as served at /api/v1/openapi.json. */
export function openApiOf(contracts: Contract[], version: string): Json {
  const paths: Record<string, Json> = {};
  const shared: Json = {};
  const print = printer(shared);
  for (const contract of contracts) {
    for (const [name, operation] of Object.entries(contract.operations)) {
      const path = `/api/v1${operation.path.replace(/:(\w+)/g, '{$1}')}`;
      paths[path] ??= {};
      paths[path][operation.method.toLowerCase()] = operationOf(print, contract.room, name, operation);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace API',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Everything a person can do in Millrace, for machines. The web UI and the command line use this same API.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    tags: contracts.map((contract) => ({ name: contract.room })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'An API token (Settings, Tokens)' },
        session: { type: 'apiKey', in: 'cookie', name: 'millrace_session' },
      },
      schemas: {
        ...shared,
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code', 'detail'],
          properties: {
            type: { type: 'string', format: 'uri' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string' },
            detail: { type: 'string' },
            hint: { type: 'string' },
            problems: { type: 'array', items: { type: 'object' } },
            requestId: { type: 'string' },
          },
        },
      },
    },
  };
}
