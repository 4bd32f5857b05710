import { expect, test } from 'vitest';
import { isShort, reserveOf } from './disk-room.ts';

const mebibyte = 1024 * 1024;

test('a twentieth of the disk is kept free, within bounds', () => {
  expect(reserveOf(500 * mebibyte)).toBe(64 * mebibyte);
  expect(reserveOf(10_240 * mebibyte)).toBe(512 * mebibyte);
  expect(reserveOf(1e15)).toBe(1024 * mebibyte);
});

test('a disk that was short is short until a good deal is free, so that it does not flicker', () => {
  expect(isShort(99, 100, false)).toBe(true);
  expect(isShort(100, 100, false)).toBe(false);
  expect(isShort(124, 100, true)).toBe(true);
  expect(isShort(125, 100, true)).toBe(false);
});
