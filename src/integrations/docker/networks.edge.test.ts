import { afterAll, expect, test } from 'vitest';
import { hasDocker } from '../../../test/harness/busybox-image.ts';
import { removeInstallation } from './clear-away.ts';
import { openDocker } from './client.ts';
import { label } from './labels.ts';
import { ensureNetwork } from './networks.ts';

const installation = `networks-${process.pid}`;
const docker = openDocker();
const labels = { [label.installation]: installation };

afterAll(() => removeInstallation(docker, installation));

test.skipIf(!hasDocker())(
  'forty networks stand side by side, made at once and over again, and a range that is full says so',
  async () => {
    const names = Array.from({ length: 40 }, (_, index) => `millrace-${installation}-${index}`);
    for (let at = 0; at < names.length; at += 8)
      await Promise.all(names.slice(at, at + 8).map((name) => ensureNetwork(docker, name, labels)));
    await Promise.all(names.slice(0, 8).map((name) => ensureNetwork(docker, name, labels)));
    const made = await docker.listNetworks({ filters: { label: [`${label.installation}=${installation}`] } as never });
    expect(made.map((network) => network.Name).sort()).toEqual([...names].sort());
    expect(new Set(made.map((network) => network.IPAM?.Config?.[0]?.Subnet)).size).toBe(40);
    await removeInstallation(docker, installation);

    // A range of one network: the second is left to the engine.
    await ensureNetwork(docker, names[0]!, labels, '10.220.255.128/25');
    await ensureNetwork(docker, names[1]!, labels, '10.220.255.128/25');
    const facts = (await docker.getNetwork(names[1]!).inspect()) as { IPAM: { Config: { Subnet: string }[] } };
    expect(facts.IPAM.Config[0]!.Subnet).not.toContain('10.220.');
  },
  120_000,
);
