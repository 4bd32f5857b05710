import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from './limits.ts';
import { parsePerfdata } from './perfdata.ts';
import { readLine, readResults } from './results.ts';

const figures = (text: string): [string, number, string][] =>
  parsePerfdata(text).values.map(({ label, value, unit }) => [label, value, unit]);

describe('performance data', () => {
  test('as plugins of Debian print it', () => {
    expect(figures('time=0.000162s;;;0.000000;10.000000')).toEqual([['time', 0.000162, 's']]);
    expect(figures('rta=0.054000ms;10.000000;20.000000;0.000000 pl=0%;10;20;0;')).toEqual([
      ['rta', 0.000054, 's'],
      ['pl', 0, '%'],
    ]);
    expect(figures('/=45851082752B;243497277849;257024904396;0;270552530944')).toEqual([['/', 45851082752, 'B']]);
    expect(figures(' load1=2.070;5.000;10.000;0; load5=1.5;4;6;0;')).toEqual([
      ['load1', 2.07, ''],
      ['load5', 1.5, ''],
    ]);
  });

  test('with quoted labels, sizes, counters, ranges, exponents and commas', () => {
    expect(figures("'C: used'=12GB 'it''s'=3c a=1,5 b=2e3 c=-4KiB requests=7req")).toEqual([
      ['C: used', 12 * 1024 ** 3, 'B'],
      ["it's", 3, 'c'],
      ['a', 1.5, ''],
      ['b', 2000, ''],
      ['c', -4096, 'B'],
      ['requests', 7, 'req'],
    ]);
    expect(parsePerfdata('t=5s;@10:20;~:30').values[0]).toMatchObject({ warning: '@10:20', critical: '~:30' });
  });

  test('that says nothing is counted, and what stands beside it is read', () => {
    expect(parsePerfdata('a=U b=2 nonsense =3 c= d=4')).toMatchObject({
      values: [{ label: 'b' }, { label: 'd' }],
      refused: 4,
    });
  });

  test('is read within its limits, whatever it holds', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom("'", '=', ';', ' ', '\t', '1', 'ms', 'a', '.', ',', '-', 'U'))
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (given) => {
        for (const { label, value } of parsePerfdata(given).values) {
          expect(label).not.toBe('');
          expect(Number.isFinite(value)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
    expect(parsePerfdata('a=1 '.repeat(100_000)).values).toHaveLength(limits.valuesOfResult);
  });
});

describe('lines of a performance data file', () => {
  test('of the template of PNP4Nagios', () => {
    const line =
      'DATATYPE::SERVICEPERFDATA\tTIMET::1795500000\tHOSTNAME::web-1\tSERVICEDESC::PING\tSERVICEPERFDATA::rta=1ms pl=0%\t' +
      'SERVICECHECKCOMMAND::check_ping!100\tHOSTSTATE::UP\tSERVICESTATE::WARNING\tSERVICESTATETYPE::SOFT\tSERVICEOUTPUT::slow';
    expect(readLine(line)).toMatchObject({ host: 'web-1', service: 'PING', state: 'warning', output: 'slow' });
    expect(readResults(line, 'p').records).toMatchObject([
      { type: 'Metric', attributes: { host: 'web-1', check: 'PING', metricName: 'rta', unit: 's', latest: 0.001 } },
      { type: 'Metric', attributes: { metricName: 'pl', unit: '%' } },
      {
        type: 'CheckResult',
        attributes: { name: 'PING', host: 'web-1', state: 'warning', error: true, message: 'slow' },
      },
    ]);
  });

  test('of the templates of the sample configuration, which tell no state', () => {
    const text =
      '[SERVICEPERFDATA]\t1795500000\tweb-1\tLoad\t0.012\t0.3\tOK - load\tload1=0.5;5;10;0;\n' +
      '[HOSTPERFDATA]\t1795500000\tweb-1\t0.02\tPING OK\trta=0.1ms\n';
    expect(readResults(text, 'p')).toMatchObject({
      refused: 0,
      records: [
        { timestamp: 1795500000000, attributes: { check: 'Load', metricName: 'load1', warning: '5', critical: '10' } },
        { attributes: { check: 'host', metricName: 'rta' } },
      ],
    });
  });

  test('that are none are counted', () => {
    const text = 'hello\n\n[SERVICEPERFDATA]\n[OTHER]\t1\th\nTIMET::x\tHOSTNAME::h\nTIMET::5\tHOSTNAME::\n';
    expect(readResults(text, 'p')).toEqual({ records: [], refused: 5 });
    fc.assert(fc.property(fc.string(), (line) => readResults(line, 'p').refused >= 0));
  });
});
