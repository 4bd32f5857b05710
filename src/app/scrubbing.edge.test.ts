import { createSocket } from 'node:dgram';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLokiIntake } from '../integrations/loki/index.ts';
import { createNewRelicIntake } from '../integrations/newrelic/index.ts';
import { createOtlpIntake } from '../integrations/otlp/index.ts';
import { createSyslogIntake } from '../integrations/syslog/index.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Intake, IntakeRecord } from '../telemetry/port.ts';
import { limitIntake } from '../telemetry/quota.ts';
import { recordScrubber } from '../telemetry/settings/scrub-records.ts';

/** What a project wants taken out is gone before a record is kept, whichever protocol brought it. */
const written: IntakeRecord[] = [];
const memory: Intake = { write: async (records) => void written.push(...records), dropped: () => {} };
const scrub = recordScrubber({ standard: true, emails: true, fields: ['iban'], patterns: ['cust-[0-9]+'] });
const telemetry = limitIntake(memory, systemClock, {
  recordsPerMinute: 1000,
  of: async () => ({ recordsPerMinute: null, scrub }),
});

const secrets = [
  '4111 1111 1111 1111',
  'hunter2',
  'sesame-71',
  'eve@shop.example',
  'DE02120300000000202051',
  'cust-4711',
];
const line =
  'paid with 4111 1111 1111 1111 password=hunter2 {"token":"sesame-71"} by eve@shop.example cust-4711 order=77 at 1760000000003';
const headers = { authorization: 'Bearer k', 'api-key': 'k', 'content-type': 'application/json' };
const nanos = `${Date.now()}000000`;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

let app: FastifyInstance;

beforeAll(async () => {
  app = Fastify();
  const keys = { projectOfKey: async () => 'p' };
  const common = { telemetry, clock: systemClock, keys };
  const errors = { accept: async () => {} } as never;
  for (const { register } of [
    createOtlpIntake(common),
    createLokiIntake(common),
    createNewRelicIntake({ ...common, errors }),
  ])
    await app.register(async (scope) => register(scope));
});
afterAll(() => app.close());

async function kept(send: () => Promise<unknown>): Promise<IntakeRecord[]> {
  written.length = 0;
  await send();
  await expect.poll(() => written.length, { timeout: 10_000 }).toBeGreaterThan(0);
  return [...written];
}

const post = (url: string, payload: object) => async () => {
  const { statusCode, body } = await app.inject({ method: 'POST', url, headers, payload });
  expect(statusCode, body).toBeLessThan(300);
};

async function overSyslog(): Promise<void> {
  const intake = createSyslogIntake({ telemetry, clock: systemClock, project: async () => 'p' });
  const open = await intake.listen('127.0.0.1', 0);
  const socket = createSocket('udp4');
  const raw = `<13>1 ${new Date().toISOString()} host app 1 - [x@1 iban="DE02120300000000202051"] ${line}`;
  await new Promise((sent) => socket.send(raw, open.port, '127.0.0.1', sent));
  await expect.poll(() => written.length, { timeout: 10_000 }).toBeGreaterThan(0);
  socket.close();
  await open.close();
}

describe('what a project wants taken out', () => {
  const ways: [string, () => Promise<void>][] = [
    [
      'OTLP logs',
      post('/v1/logs', {
        resourceLogs: [
          {
            scopeLogs: [
              {
                logRecords: [
                  {
                    timeUnixNano: nanos,
                    body: { stringValue: line },
                    attributes: [text('user.iban', 'DE02120300000000202051')],
                  },
                ],
              },
            ],
          },
        ],
      }),
    ],
    [
      'OTLP spans',
      post('/v1/traces', {
        resourceSpans: [
          {
            scopeSpans: [
              {
                spans: [
                  {
                    traceId: 'ab'.repeat(16),
                    spanId: 'cd'.repeat(8),
                    name: 'GET /',
                    kind: 2,
                    startTimeUnixNano: nanos,
                    endTimeUnixNano: nanos,
                    attributes: [
                      text('http.request.header.authorization', 'sesame-71'),
                      text('db.query', line),
                      text('iban', 'DE02120300000000202051'),
                    ],
                  },
                ],
              },
            ],
          },
        ],
      }),
    ],
    [
      'Loki',
      post('/loki/api/v1/push', {
        streams: [{ stream: { job: 'api' }, values: [[nanos, line, { IBAN: 'DE02120300000000202051' }]] }],
      }),
    ],
    [
      "New Relic's logs",
      post('/log/v1', [{ logs: [{ message: line, attributes: { iban: 'DE02120300000000202051' } }] }]),
    ],
    ['syslog', overSyslog],
  ];

  it.each(ways)('does not reach the store by %s', async (_, send) => {
    const records = await kept(send);
    const all = JSON.stringify(records);
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
    // What is nobody's secret stays.
    for (const harmless of ['paid with [Filtered]', 'order=77', '1760000000003']) expect(all).toContain(harmless);
  });
});
