import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSubnet, holdsNetworks, parseBlock, routedBlocks } from './subnets.ts';

const range = parseBlock('10.219.0.0/16')!;

describe('subnets', () => {
  it('reads blocks and nothing else', () => {
    expect(parseBlock('10.219.3.9/16')).toEqual(range);
    for (const text of ['10.219.0.0', '10.219.0.256/16', '10.219.0.0/33', 'fe80::/64', ''])
      expect(parseBlock(text)).toBeUndefined();
    expect(holdsNetworks(parseBlock('10.0.0.0/26')!)).toBe(false);
    expect(holdsNetworks(range)).toBe(true);
  });

  it('gives every network one of its own until the range is used up', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 8, maxLength: 8 }), (names) => {
        const small = parseBlock('192.168.4.0/22')!;
        const taken: string[] = [];
        for (const name of names)
          taken.push(
            chooseSubnet(
              small,
              name,
              taken.map((each) => parseBlock(each)!),
            )!,
          );
        expect(new Set(taken).size).toBe(8);
        expect(taken.every((each) => /^192\.168\.[4-7]\.(0|128)\/25$/.test(each))).toBe(true);
        expect(
          chooseSubnet(
            small,
            'ninth',
            taken.map((each) => parseBlock(each)!),
          ),
        ).toBeUndefined();
      }),
    );
  });

  it('keeps clear of what is taken, be it larger or smaller', () => {
    const taken = [parseBlock('10.219.0.0/17')!, parseBlock('10.219.128.7/32')!];
    for (const name of ['a', 'b', 'c']) {
      const [, , third, last] = chooseSubnet(range, name, taken)!.split(/[./]/).map(Number);
      expect(third! * 256 + last!).toBeGreaterThan(128 * 256);
    }
    expect(chooseSubnet(range, 'a', [parseBlock('10.0.0.0/8')!])).toBeUndefined();
  });

  it('reads the table of routes, leaving the default route aside', () => {
    const table = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`;
    expect(routedBlocks(table)).toEqual([parseBlock('172.17.0.0/16')]);
    expect(routedBlocks('')).toEqual([]);
  });
});
