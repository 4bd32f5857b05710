import type { BuildOutput } from './port.ts';

export interface ImageChange {
  service: string;
  change: 'added' | 'changed' | 'removed' | 'same';
  from: string | null;
  to: string | null;
}

/** What differs between the build outputs of two releases, by service. */
export function diffOutputs(from: readonly BuildOutput[], to: readonly BuildOutput[]): ImageChange[] {
  const before = new Map(from.map((output) => [output.service, output.digest]));
  const after = new Map(to.map((output) => [output.service, output.digest]));
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.map((service) => {
    const old = before.get(service) ?? null;
    const now = after.get(service) ?? null;
    const change = old === null ? 'added' : now === null ? 'removed' : old === now ? 'same' : 'changed';
    return { service, change, from: old, to: now };
  });
}

/** Names that differ between two sets of variables. Values are not shown. */
export function diffVariables(
  from: Record<string, string>,
  to: Record<string, string>,
): { name: string; change: 'added' | 'changed' | 'removed' }[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names.flatMap((name) => {
    const old = from[name];
    const now = to[name];
    if (old === now) return [];
    return [{ name, change: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed' } as const];
  });
}
