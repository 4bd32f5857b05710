import { expect, test } from 'vitest';
import { Fault } from '../../kernel/faults.ts';
import { awayFault } from './away.ts';

const failure = (message: string, more: object): Error => Object.assign(new Error(message), more);

test('a store that is full or away is a refusal that asks to come back', () => {
  const full = awayFault(failure('could not extend file', { code: '53100' }));
  expect(full).toMatchObject({ kind: 'unavailable', code: 'platform.disk-full', retryAfter: 30 });
  for (const error of [
    failure('the database system is starting up', { code: '57P03' }),
    failure('connect ENOENT', { code: 'ENOENT', syscall: 'connect' }),
    failure('write EPIPE', { code: 'EPIPE', syscall: 'write' }),
    failure('Connection terminated unexpectedly', {}),
  ]) {
    expect(awayFault(error)).toMatchObject({ kind: 'unavailable', code: 'platform.store-away', retryAfter: 5 });
  }
});

test('anything else stays what it is', () => {
  expect(awayFault(failure('duplicate key', { code: '23505' }))).toBeUndefined();
  expect(awayFault(failure('no such file', { code: 'ENOENT', syscall: 'open' }))).toBeUndefined();
  expect(awayFault(new Fault('missing', 'No', { code: 'x.y' }))).toBeUndefined();
  expect(awayFault('text')).toBeUndefined();
});
