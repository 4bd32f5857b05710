import { describe, expect, it } from 'vitest';
import { type Fact, nextLive, notLive, staleAfterFacts } from './live-facts.ts';

const fact = (position: number, type = 'pipelines.job.started'): Fact => ({
  id: String(position),
  position,
  type,
  subject: 'job:1',
  projectId: null,
});

describe('staleAfterFacts', () => {
  it('names what a fact touches, and the timeline always', () => {
    expect(staleAfterFacts([fact(1, 'errors.issue.opened')])).toEqual([['insights'], ['errors']]);
    expect(staleAfterFacts([fact(1, 'some.new.fact')])).toEqual([['insights']]);
    expect(staleAfterFacts([])).toEqual([]);
  });

  it('takes the most particular rule', () => {
    expect(staleAfterFacts([fact(1)])).toContainEqual(['pipelines', 'getJob']);
    expect(staleAfterFacts([fact(1)])).not.toContainEqual(['pipelines']);
  });

  it('leaves out operations of a room that is stale as a whole', () => {
    const stale = staleAfterFacts([fact(1), fact(2, 'pipelines.run.finished')]);
    expect(stale.filter(([room]) => room === 'pipelines')).toEqual([['pipelines']]);
  });
});

describe('nextLive', () => {
  it('gathers facts until they are acted on, each once', () => {
    let live = nextLive(notLive, { kind: 'open' });
    live = nextLive(live, { kind: 'fact', fact: fact(7) });
    live = nextLive(live, { kind: 'fact', fact: fact(8) });
    live = nextLive(live, { kind: 'error' });
    expect(live.state).toBe('lost');
    live = nextLive(live, { kind: 'open' });
    live = nextLive(live, { kind: 'fact', fact: fact(8) });
    expect(live.waiting.map((one) => one.position)).toEqual([7, 8]);
    live = nextLive(live, { kind: 'flushed' });
    expect(live).toEqual({ state: 'live', position: 8, waiting: [] });
  });
});
