const seriesColors = 8;

/** The colour of the n-th series, as a token. */
export function seriesToken(index: number): string {
  return `--series-${(index % seriesColors) + 1}`;
}
