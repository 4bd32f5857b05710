const units: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** `30m`, `24h`, `7d`, `2w` in ms; null for anything else. */
export function durationMs(text: string): number | null {
  const found = /^(\d{1,5})([mhdw])$/.exec(text);
  return found ? Number(found[1]) * (units[found[2]!] ?? 0) : null;
}
