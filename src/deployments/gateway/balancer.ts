import { gatewayLimits } from './limits.ts';
import type { Route, Target } from './routes.ts';

/** Requests of one group since the gateway first saw it, without those that say nothing about its release. */
export interface Account {
  requests: number;
  failed: number;
  inFlight: number;
}

/** Chooses targets in turn, passes over those that just could not be reached, and counts per group and per target. */
export class Balancer {
  readonly #turns = new Map<string, number>();
  readonly #restingUntil = new Map<string, number>();
  readonly #accounts = new Map<string, Account>();
  readonly #targetLoad = new Map<string, number>();

  /** The next target, or undefined when there is none besides those already tried. */
  choose(route: Route, tried: readonly Target[], now: number): Target | undefined {
    const left = tried.length === 0 ? route.targets : route.targets.filter((target) => !tried.includes(target));
    if (left.length === 0) return undefined;
    const rested = left.filter((target) => target.healthy && (this.#restingUntil.get(addressOf(target)) ?? 0) <= now);
    // With nobody in good health a try is still better than a refusal.
    const pool = rested.length > 0 ? rested : left;
    const key = `${route.group}/${route.service}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, (turn + 1) % 1_000_000_007);
    return pool[turn % pool.length];
  }

  unreachable(target: Target, now: number): void {
    this.#restingUntil.set(addressOf(target), now + gatewayLimits.restMs);
  }

  begin(group: string): void {
    const account = this.account(group);
    account.requests += 1;
    account.inFlight += 1;
  }

  /** `void`: it failed because nothing healthy was there to answer, which is for the health of the instances to tell. */
  end(group: string, outcome: 'answered' | 'failed' | 'void'): void {
    const account = this.account(group);
    account.inFlight -= 1;
    if (outcome === 'failed') account.failed += 1;
    if (outcome === 'void') account.requests -= 1;
  }

  load(target: Target, change: 1 | -1): void {
    const key = addressOf(target);
    const next = (this.#targetLoad.get(key) ?? 0) + change;
    if (next === 0) this.#targetLoad.delete(key);
    else this.#targetLoad.set(key, next);
  }

  loadOf(target: Target): number {
    return this.#targetLoad.get(addressOf(target)) ?? 0;
  }

  account(group: string): Account {
    let account = this.#accounts.get(group);
    if (!account) {
      account = { requests: 0, failed: 0, inFlight: 0 };
      this.#accounts.set(group, account);
    }
    return account;
  }

  /** Forgets what no longer exists: groups without routes and without requests under way. */
  forget(routed: ReadonlySet<string>, now: number): void {
    for (const [group, account] of this.#accounts) {
      if (!routed.has(group) && account.inFlight === 0) this.#accounts.delete(group);
    }
    for (const key of this.#turns.keys()) if (!routed.has(key.split('/')[0]!)) this.#turns.delete(key);
    for (const [key, until] of this.#restingUntil) if (until <= now) this.#restingUntil.delete(key);
  }
}

const addressOf = (target: Target): string => `${target.host}:${target.port}`;
