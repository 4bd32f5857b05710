/** The threshold of a gate: at the end of its NRQL, `... < 1`, or in the words of a rule, `less than 5 % of ...`. */
export function thresholdOf(where: string): number | undefined {
  const match = /(?:<=?|>=?|!?=)\s*(-?\d+(?:\.\d+)?)\s*$|^less than (\d+(?:\.\d+)?) %/.exec(where.trim());
  return match ? Number(match[1] ?? match[2]) : undefined;
}
