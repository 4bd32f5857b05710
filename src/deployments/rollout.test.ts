import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from './gates.ts';
import { defaultRollout } from './millrace-file.ts';
import type { Observation, SeenInstance } from './observation.ts';
import { decide } from './rollout.ts';
import type { PlannedInstance } from './rollout-plan.ts';
import { beginRollout, type RolloutState, takeUp } from './rollout-state.ts';

const instance = (group: string, service: string, more: Partial<PlannedInstance> = {}): PlannedInstance => ({
  instanceId: `${group}-${service}`,
  service,
  group,
  ordinal: 1,
  completes: false,
  stopGraceMs: 10_000,
  needs: [],
  ...more,
});

const side = (group: string, database = 'db-1') => ({
  group,
  plan: {
    backing: [instance('backing', 'db', { instanceId: database })],
    application: [
      instance(group, 'migrate', { completes: true, needs: [{ service: 'db', condition: 'healthy' }] }),
      instance(group, 'web', { needs: [{ service: 'migrate', condition: 'completed' }] }),
      instance(group, 'worker', { needs: [{ service: 'web', condition: 'started' }] }),
    ],
  },
});

const policy = { ...defaultRollout, verifyMs: 10_000, healthyWithinMs: 20_000, drainMs: 3000 };
const gates = [
  { kind: 'gateway' as const, where: 'few fail' },
  { kind: 'nrql' as const, where: 'no new errors' },
];

interface Behaviour {
  /** Ticks until healthy after a start; null: never. */
  webHealthyAfter: number | null;
  migrateExit: number;
  /** Tick after the switch at which web ends by itself. */
  webEndsAfter: number | null;
  gate: 'holds' | 'fails' | 'unknown';
  databaseChanges: boolean;
  first: boolean;
  rollBackAfter: number | null;
  cancelAt: number | null;
}

/** Where the server dies in a tick: before storing, before acting, or after acting in part. */
type Crash = 'before-store' | 'before-actions' | 'half' | 'none';

/** A small world: instances, the gateway and the stored row, driven by the machine, with the server dying as told. */
function play(behaviour: Behaviour, crashes: Crash[]) {
  const running = new Map<string, { bornAt: number; endsAt: number | null }>();
  const blue = behaviour.first ? null : side('blue');
  for (const each of blue ? [...blue.plan.application, ...blue.plan.backing] : []) {
    running.set(each.instanceId, { bornAt: -100, endsAt: each.completes ? -50 : null });
  }
  let route: string | null = blue ? 'blue' : null;
  const green = side('green', behaviour.databaseChanges ? 'db-2' : 'db-1');
  let stored: RolloutState = beginRollout({ blue, green, policy, gates, settingsVersion: 0 }, 0);
  const history: (string | null)[] = [route];
  let switchedTick: number | null = null;
  let tick = 0;
  for (; tick < 400 && stored.phase !== 'done'; tick += 1) {
    const now = tick * 500;
    const instances: Record<string, SeenInstance> = {};
    for (const [id, one] of running) {
      const completes = id.endsWith('migrate');
      const ended = one.endsAt !== null && one.endsAt <= tick;
      const slow = id === 'green-web' ? behaviour.webHealthyAfter : 1;
      instances[id] = {
        state: ended ? 'exited' : 'running',
        exitCode: ended ? (completes && id.startsWith('green') ? behaviour.migrateExit : completes ? 0 : 1) : undefined,
        health: slow !== null && tick - one.bornAt >= slow ? 'healthy' : 'starting',
        detail: ended ? `ended with ${behaviour.migrateExit}` : 'seen',
      };
    }
    if (switchedTick !== null && behaviour.webEndsAfter !== null && tick - switchedTick >= behaviour.webEndsAfter) {
      const web = running.get('green-web');
      if (web) web.endsAt ??= tick;
    }
    const answers: Answer[] = gates.map((_, index) => ({
      index,
      at: now,
      verdict: index === 0 ? 'unknown' : behaviour.gate,
      value: 1,
      explanation: 'counted',
    }));
    const asked = switchedTick !== null && behaviour.rollBackAfter !== null;
    const seen: Observation = {
      instances,
      inFlight: {},
      answers: stored.phase === 'verifying' ? answers : [],
      routed: route === null ? null : { group: route, at: now },
      cancel: behaviour.cancelAt !== null && tick >= behaviour.cancelAt ? { reason: 'a person said so' } : null,
      rollBack: asked && tick - switchedTick! >= behaviour.rollBackAfter! ? { reason: 'an alert opened' } : null,
    };
    const decision = decide(stored, seen, now);
    const crash = crashes[tick] ?? 'none';
    if (crash === 'before-store') continue;
    stored = JSON.parse(JSON.stringify(decision.state)) as RolloutState;
    for (const effect of decision.effects) {
      if (effect.kind === 'route') {
        route = effect.group;
        history.push(route);
        if (route === 'green') switchedTick = tick;
      }
    }
    if (crash === 'before-actions') continue;
    const actions = crash === 'half' ? decision.actions.slice(0, decision.actions.length / 2) : decision.actions;
    for (const action of actions) {
      if (action.kind === 'stop') {
        expect(action.instanceId.startsWith(`${route}-`), 'nothing that serves is stopped').toBe(false);
        running.delete(action.instanceId);
      } else {
        const completes = action.instance.completes;
        running.set(action.instance.instanceId, { bornAt: tick, endsAt: completes ? tick + 1 : null });
      }
    }
  }
  return { state: stored, route, running: [...running.keys()].sort(), history, tick };
}

const good: Behaviour = {
  webHealthyAfter: 2,
  migrateExit: 0,
  webEndsAfter: null,
  gate: 'holds',
  databaseChanges: false,
  first: false,
  rollBackAfter: null,
  cancelAt: null,
};

describe('one rollout', () => {
  test('a good release serves, then the old one goes', () => {
    const end = play(good, []);
    expect(end.state).toMatchObject({ outcome: 'succeeded', kept: false });
    expect(end.history).toEqual(['blue', 'green']);
    expect(end.running).toEqual(['db-1', 'green-migrate', 'green-web', 'green-worker']);
    expect(end.state.steps.map((step) => `${step.name} ${step.status}`)).toEqual([
      'preparing success',
      'starting success',
      'verifying success',
      'retiring success',
    ]);
  });

  test('one that never becomes healthy never serves, and the reason names it', () => {
    const end = play({ ...good, webHealthyAfter: null }, []);
    expect(end.state).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('web') });
    expect(end.history).toEqual(['blue']);
    expect(end.running).toEqual(['blue-migrate', 'blue-web', 'blue-worker', 'db-1']);
  });

  test('the time in which nobody drove it counts against no deadline and for no proof', () => {
    const nothing: Observation = {
      instances: {},
      inFlight: {},
      answers: [],
      routed: null,
      cancel: null,
      rollBack: null,
    };
    const begun = beginRollout({ blue: null, green: side('green'), settingsVersion: 1, policy, gates: [] }, 0);
    const { state } = decide(begun, nothing, 15_000);
    expect(decide(state, nothing, 3_600_000).state.phase).toBe('abandoning');
    const resumed = takeUp(state, 3_600_000);
    expect(decide(resumed, nothing, 3_600_000).state.phase).toBe('preparing');
    expect(decide(resumed, nothing, 3_604_999).state.phase).toBe('preparing');
    expect(decide(resumed, nothing, 3_605_000).state.phase).toBe('abandoning');

    const up = (instance: PlannedInstance): [string, SeenInstance] => [
      instance.instanceId,
      instance.completes
        ? { state: 'exited', exitCode: 0, health: 'starting', detail: '' }
        : { state: 'running', health: 'healthy', detail: '' },
    ];
    const { plan } = side('green');
    const all = { ...nothing, instances: Object.fromEntries([...plan.backing, ...plan.application].map(up)) };
    const starting = decide(state, all, 15_100).state;
    const verifying = decide(decide(starting, all, 15_200).state, all, 16_000).state;
    expect(verifying.phase).toBe('verifying');
    const later = takeUp(verifying, 3_600_000);
    expect(decide(later, all, 3_600_000).state.phase).toBe('verifying');
    expect(decide(later, all, 3_610_000).state.phase).toBe('retiring');
  });

  test('a failing migration fails the rollout without a second try', () => {
    const end = play({ ...good, migrateExit: 3 }, []);
    expect(end.state).toMatchObject({ outcome: 'failed', evidence: ['migrate 1: ended with 3'] });
  });

  test('a failing gate brings the old release back at once, with the evidence', () => {
    const end = play({ ...good, gate: 'fails' }, []);
    expect(end.state).toMatchObject({ outcome: 'rolled_back', evidence: ['no new errors: counted'] });
    expect(end.history).toEqual(['blue', 'green', 'blue']);
    const { switchedAt, decidedAt, restoredAt } = end.state;
    expect([switchedAt! < decidedAt!, decidedAt! < restoredAt!]).toEqual([true, true]);
    expect(end.running).toEqual(['blue-migrate', 'blue-web', 'blue-worker', 'db-1']);
  });

  test('an alert during verification, a crash of the release, a cancel: all go back', () => {
    expect(play({ ...good, rollBackAfter: 3 }, []).state).toMatchObject({
      outcome: 'rolled_back',
      reason: 'an alert opened',
    });
    expect(play({ ...good, webEndsAfter: 3 }, []).state).toMatchObject({ outcome: 'rolled_back' });
    expect(play({ ...good, cancelAt: 12 }, []).state).toMatchObject({ outcome: 'rolled_back' });
    expect(play({ ...good, cancelAt: 1 }, []).state).toMatchObject({ outcome: 'canceled' });
  });

  test('the first release that does not convince stays, since nothing else could serve', () => {
    const end = play({ ...good, first: true, gate: 'fails' }, []);
    expect(end.state).toMatchObject({ outcome: 'failed', kept: true });
    expect(end.route).toBe('green');
    expect(end.running).toContain('green-web');
  });

  test('silence of a query passes unless the team says it counts', () => {
    expect(play({ ...good, gate: 'unknown' }, []).state.outcome).toBe('succeeded');
  });
});

test('whatever happens, and wherever the server dies, the end is the same and visitors are never cut off', () => {
  const behaviour: fc.Arbitrary<Behaviour> = fc.record({
    webHealthyAfter: fc.constantFrom(1, 2, 5, null),
    migrateExit: fc.constantFrom(0, 0, 0, 1),
    webEndsAfter: fc.constantFrom(null, null, 2),
    gate: fc.constantFrom('holds', 'holds', 'fails', 'unknown'),
    databaseChanges: fc.boolean(),
    first: fc.boolean(),
    rollBackAfter: fc.constantFrom(null, null, 1, 6),
    cancelAt: fc.constantFrom(null, null, null, 0),
  });
  const crash = fc.constantFrom<Crash>('none', 'none', 'before-store', 'before-actions', 'half');
  fc.assert(
    fc.property(behaviour, fc.array(crash, { maxLength: 120 }), (how, crashes) => {
      const calm = play(how, []);
      const rough = play(how, crashes);
      for (const end of [calm, rough]) {
        expect(end.state.phase).toBe('done');
        const blueKept = end.state.outcome !== 'succeeded' && !end.state.kept;
        expect(end.route).toBe(blueKept ? (how.first ? null : 'blue') : 'green');
        // Exactly one release is left, whole, on its own database.
        const left = new Set(end.running.map((id) => id.split('-')[0]).filter((group) => group !== 'db'));
        expect([...left]).toEqual(end.route === null ? [] : [end.route]);
        if (end.route !== null) {
          expect(end.running).toContain(`${end.route}-web`);
          const database = end.route === 'green' && how.databaseChanges ? 'db-2' : 'db-1';
          expect(end.running.filter((id) => id.startsWith('db'))).toEqual([database]);
        }
      }
      // A start lost to a crash can only cost time; where time decides (never healthy, ends by itself) both ends agree too.
      if (crashes.filter((each) => each !== 'none').length < 10) expect(rough.state.outcome).toBe(calm.state.outcome);
    }),
    { numRuns: 400 },
  );
});
