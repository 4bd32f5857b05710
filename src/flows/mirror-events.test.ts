import { describe, expect, it } from 'vitest';
import { eventRecord } from './mirror-events.ts';

describe('a fact as a telemetry record', () => {
  it('flattens its data under the names NRQL asks for', () => {
    const record = eventRecord({
      id: 'e1',
      position: 7,
      type: 'pipelines.run.finished',
      subject: 'run:1',
      projectId: 'p1',
      actor: { kind: 'system', id: 'x', name: 'pipelines' },
      causes: ['c1', 'c2'],
      at: 1000,
      data: {
        status: 'failed',
        durationMs: 12,
        author: { name: 'Ada' },
        failedJobs: [{ name: 'a' }],
        tags: ['x', 'y'],
        tag: null,
      },
    });
    expect(record).toEqual({
      type: 'Event',
      timestamp: 1000,
      projectId: 'p1',
      attributes: {
        status: 'failed',
        durationMs: 12,
        'author.name': 'Ada',
        'failedJobs.count': 1,
        tags: 'x, y',
        'tags.count': 2,
        type: 'pipelines.run.finished',
        event: 'pipelines.run.finished',
        eventId: 'e1',
        position: 7,
        subject: 'run:1',
        actor: 'pipelines',
        actorKind: 'system',
        causeId: 'c1',
      },
    });
  });
});
