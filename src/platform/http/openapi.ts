import { z } from 'zod';
import type { Contract, Operation } from './contract.ts';
import { problemMediaType } from './problem.ts';

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  }) as Json;
  return rest;
};

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function operationOf(room: string, name: string, operation: Operation): Json {
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
      ...parametersOf(operation.params, 'path'),
      ...parametersOf(operation.query, 'query'),
      ...headers,
      ...match,
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(operation.body, 'input') } },
          },
        }
      : {}),
    responses: {
      [status]: {
        description: 'Success',
        content: { 'application/json': { schema: schemaOf(operation.response, 'output') } },
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
  for (const contract of contracts) {
    for (const [name, operation] of Object.entries(contract.operations)) {
      const path = `/api/v1${operation.path.replace(/:(\w+)/g, '{$1}')}`;
      paths[path] ??= {};
      paths[path][operation.method.toLowerCase()] = operationOf(contract.room, name, operation);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace API',
      version,
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
