/** A share as people read it: `99.96 %`; never 100 % or 0 % when it is not quite that. */
export function percentText(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  if (share === 0 || share === 1) return `${share * 100} %`;
  const percent = share * 100;
  const digits = percent > 99 || percent < 1 ? 2 : 1;
  const shown = Number(percent.toFixed(digits));
  if (shown === 100) return '> 99.99 %';
  return shown === 0 ? '< 0.01 %' : `${shown} %`;
}
