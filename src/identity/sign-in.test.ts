import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { credentialsOf, isOwnPage, sessionCookieHeader } from './credentials.ts';
import { keepAnOwner } from './person.ts';
import { type Attempts, attempt, type ThrottlePolicy } from './throttle.ts';

describe('attempts to sign in', () => {
  const policy: ThrottlePolicy = { free: 3, longestMs: 60_000, forgetMs: 600_000 };

  it('are free at first, then wait twice as long each time', () => {
    let known: Attempts | undefined;
    let now = 0;
    const waits: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      let outcome = attempt(known, now, policy);
      if (!outcome.allowed) {
        waits.push(outcome.retryAfterMs);
        now += outcome.retryAfterMs;
        outcome = attempt(known, now, policy);
      }
      if (!outcome.allowed) throw new Error('waited in vain');
      known = outcome.next;
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('let no burst through, and are forgotten in the end', () => {
    let known: Attempts | undefined;
    let through = 0;
    for (let count = 0; count < 100; count += 1) {
      const outcome = attempt(known, 5, policy);
      if (outcome.allowed) {
        through += 1;
        known = outcome.next;
      }
    }
    expect(through).toBe(3);
    expect(attempt(known, 700_000, policy)).toEqual({ allowed: true, next: { count: 1, lastAt: 700_000 } });
  });
});

describe('credentials', () => {
  it('reads ours and leaves foreign ones to their intakes', () => {
    expect(credentialsOf({ authorization: 'Bearer mr_x' })).toEqual({ kind: 'token', token: 'mr_x' });
    expect(credentialsOf({ authorization: 'Bearer other' })).toBeUndefined();
    expect(credentialsOf({ authorization: 'Sentry sentry_key=1' })).toBeUndefined();
    expect(credentialsOf({ authorization: `Basic ${Buffer.from('a:b:c').toString('base64')}` })).toEqual({
      kind: 'basic',
      user: 'a',
      password: 'b:c',
    });
    expect(credentialsOf({ cookie: 'a=1; millrace_session=tok; b=2' })).toEqual({ kind: 'session', token: 'tok' });
    expect(credentialsOf({ cookie: 'xmillrace_session=tok' })).toBeUndefined();
  });

  it('never throws on a header', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (authorization, cookie) => {
        credentialsOf({ authorization, cookie });
        credentialsOf({ authorization: `Basic ${authorization}` });
        isOwnPage('POST', { origin: authorization, host: cookie });
      }),
    );
  });

  it('takes cookie writes from our own page only', () => {
    const host = 'localhost:7400';
    expect(isOwnPage('GET', { host, origin: 'https://evil.example' })).toBe(true);
    expect(isOwnPage('POST', { host })).toBe(false);
    expect(isOwnPage('POST', { host, origin: 'http://localhost:7400' })).toBe(true);
    expect(isOwnPage('POST', { host, origin: 'http://localhost:7480' })).toBe(false);
    expect(isOwnPage('POST', { host, origin: 'null' })).toBe(false);
    expect(isOwnPage('DELETE', { host, 'x-millrace-request': '1' })).toBe(true);
    expect(isOwnPage('POST', { host, 'sec-fetch-site': 'same-site' })).toBe(false);
    expect(isOwnPage('POST', { host, 'sec-fetch-site': 'same-origin' })).toBe(true);
  });

  it('keeps the session cookie from scripts and other sites', () => {
    expect(sessionCookieHeader('tok', 60, true)).toBe(
      'millrace_session=tok; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    );
  });
});

it('never leaves Millrace without an owner', () => {
  expect(() => keepAnOwner(['a'], 'a', 'viewer')).toThrow(/last owner/);
  expect(() => keepAnOwner(['a'], 'a', 'removed')).toThrow(/last owner/);
  keepAnOwner(['a'], 'a', 'owner');
  keepAnOwner(['a', 'b'], 'a', 'removed');
  keepAnOwner(['a'], 'b', 'removed');
});
