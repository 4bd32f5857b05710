import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { relabelBy, relabelConfig } from './relabel.ts';
import { readScrapeFile, readTargetGroups } from './scrape-file.ts';

const relabel = (configs: object[], labels: Record<string, string>) => {
  const after = relabelBy(z.array(relabelConfig).parse(configs))(new Map(Object.entries(labels)));
  return after && Object.fromEntries(after);
};

describe('rules over labels', () => {
  it.each<[string, object[], Record<string, string>, Record<string, string> | undefined]>([
    [
      'replace takes groups, and leaves what does not match as a whole',
      [
        { source_labels: ['a', 'b'], regex: '(\\w+);(\\w+)', target_label: 'c', replacement: '$2-$1' },
        { source_labels: ['a'], regex: 'on', target_label: 'd', replacement: 'x' },
      ],
      { a: 'one', b: 'two' },
      { a: 'one', b: 'two', c: 'two-one' },
    ],
    [
      'replace with nothing takes a label away',
      [{ target_label: 'a', replacement: '' }],
      { a: '1', b: '2' },
      { b: '2' },
    ],
    ['keep keeps what matches', [{ source_labels: ['a'], regex: 'x|y', action: 'keep' }], { a: 'y' }, { a: 'y' }],
    ['keep drops the rest', [{ source_labels: ['a'], regex: 'x|y', action: 'keep' }], { a: 'xy' }, undefined],
    ['drop drops what matches', [{ source_labels: ['a'], regex: 'x.*', action: 'drop' }], { a: 'xy' }, undefined],
    [
      'labelmap renames',
      [{ regex: '__meta_(.+)', action: 'labelmap' }],
      { __meta_zone: 'n' },
      { __meta_zone: 'n', zone: 'n' },
    ],
    [
      'labeldrop and labelkeep',
      [
        { regex: 'a.*', action: 'labeldrop' },
        { regex: 'b|c', action: 'labelkeep' },
      ],
      { a1: '1', b: '2', d: '3' },
      { b: '2' },
    ],
    [
      'upper and lower case',
      [{ source_labels: ['a'], target_label: 'a', action: 'uppercase' }],
      { a: 'x' },
      { a: 'X' },
    ],
    ['keepequal', [{ source_labels: ['a'], target_label: 'b', action: 'keepequal' }], { a: '1', b: '2' }, undefined],
  ])('%s', (_, configs, before, after) => {
    expect(relabel(configs, before)).toEqual(after);
  });

  it('hashmod gives each value one of so many shards, evenly', () => {
    const shards = new Map<string, number>();
    for (let index = 0; index < 1000; index += 1) {
      const { shard } = relabel([{ source_labels: ['a'], modulus: 4, target_label: 'shard', action: 'hashmod' }], {
        a: `host-${index}`,
      })!;
      shards.set(shard!, (shards.get(shard!) ?? 0) + 1);
    }
    expect([...shards.keys()].sort()).toEqual(['0', '1', '2', '3']);
    for (const count of shards.values()) expect(count).toBeGreaterThan(180);
  });

  it('whatever a rule says, it is refused or carried out', () => {
    const some = fc.record({
      source_labels: fc.constant(['a']),
      regex: fc.string(),
      target_label: fc.oneof(fc.constant('b'), fc.string()),
      replacement: fc.string(),
      action: fc.constantFrom('replace', 'keep', 'labelmap', 'labeldrop', 'LabelKeep'),
    });
    fc.assert(
      fc.property(some, fc.string(), (config, value) => {
        const read = relabelConfig.safeParse(config);
        if (read.success) relabelBy([read.data])(new Map([['a', value]]));
      }),
    );
  });
});

describe("a team's own prometheus.yml", () => {
  const text = `
scrape_configs:
  - job_name: node
    file_sd_configs: [{ files: ['targets/*.json'], refresh_interval: 30s }]
    relabel_configs:
      - { source_labels: [env], regex: test, action: drop }
      - { source_labels: [__address__], regex: '([^:]+).*', target_label: host }
      - { regex: env, action: labeldrop }
    metric_relabel_configs:
      - { source_labels: [__name__], regex: 'go_.*', action: drop }
  - job_name: blackbox
    metrics_path: /probe
    params: { module: [http_2xx] }
    static_configs: [{ targets: ['https-site.example:443'] }]
    relabel_configs:
      - { source_labels: [__address__], target_label: __param_target }
      - { source_labels: [__param_target], target_label: instance }
      - { target_label: __address__, replacement: '127.0.0.1:9115' }
  - job_name: cloud
    ec2_sd_configs: [{ region: north }]
  - job_name: wrong
    relabel_configs: [{ action: dance }]
`;
  const groups = readTargetGroups(
    '[{"targets":["h1:9100","h2:9100"],"labels":{"env":"live"}},{"targets":["h3:9100"],"labels":{"env":"test"}}]',
  );

  it('is carried out unchanged: files of targets, rules, and the prober that stands for its targets', () => {
    const { targets, problems, files } = readScrapeFile(text, () => [{ path: '/etc/targets/a.json', groups }]);
    expect(files).toEqual(['targets/*.json']);
    expect(targets.map(({ url, labels }) => ({ url, labels }))).toEqual([
      { url: 'http://h1:9100/metrics', labels: { job: 'node', instance: 'h1:9100', host: 'h1' } },
      { url: 'http://h2:9100/metrics', labels: { job: 'node', instance: 'h2:9100', host: 'h2' } },
      {
        url: 'http://127.0.0.1:9115/probe?module=http_2xx&target=https-site.example%3A443',
        labels: { job: 'blackbox', instance: 'https-site.example:443' },
      },
    ]);
    expect(targets[0]!.relabel!(new Map([['__name__', 'go_goroutines']]))).toBeUndefined();
    expect(targets[0]!.relabel!(new Map([['__name__', 'node_load1']]))?.size).toBe(1);
    // What is not carried out is named, with its job.
    expect(problems).toEqual([
      expect.stringMatching(/^scrape_configs\[2\]: .*ec2_sd_configs/),
      expect.stringMatching(/^scrape_configs\[3\]: .*action/),
    ]);
  });

  it('names what is wrong with a file of targets', () => {
    expect(() => readTargetGroups('[{"targets":["http://h/"]}]')).toThrow(/host and a port/);
    expect(() => readTargetGroups('{"targets":[]}')).toThrow();
  });
});
