import { expect, test } from 'vitest';
import { reachableAt } from './reachable-at.ts';

const networks = { group: { IPAddress: '172.20.0.3', Gateway: '172.20.0.1' } };

test('on a bridge of this machine a container is reached by itself, elsewhere by its published port', () => {
  expect(reachableAt(networks, '8000', 32768, new Set(['127.0.0.1', '172.20.0.1']))).toEqual({
    host: '172.20.0.3',
    port: 8000,
  });
  expect(reachableAt(networks, '8000', '32768', new Set(['127.0.0.1']))).toEqual({ host: '127.0.0.1', port: 32768 });
});

test('a service without a port, or whose port is not published where it must be, has no address', () => {
  expect(reachableAt(networks, '', undefined, new Set(['172.20.0.1']))).toBeUndefined();
  expect(reachableAt(networks, '8000', undefined, new Set())).toBeUndefined();
  expect(reachableAt({ gone: { IPAddress: '', Gateway: '' } }, '8000', undefined, new Set(['']))).toBeUndefined();
});
