import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { RangeSelect } from '../telemetry/range-select.tsx';
import { windowOf } from '../telemetry/ranges.ts';
import { EnvironmentSelect } from './environment-select.tsx';

/** What of services is looked at, as the address says it. */
interface Shown {
  since?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  environment?: string | undefined;
}

/** The window an address names (Unix ms; the last hour when it names none), and the bar that changes it and the environment. */
export function useShown(
  { since = '1h', from, to, environment }: Shown,
  project: string | undefined,
  onChange: (change: Shown) => void,
): { window: { since: number; until: number }; now: number; bar: ReactNode } {
  const now = useMinute();
  const window = useMemo(
    () => windowOf({ since, from, to }, now) ?? { since: now - 3_600_000, until: now },
    [since, from, to, now],
  );
  const bar = (
    <FilterBar>
      <RangeSelect value={{ since, from, to }} onChange={onChange} />
      <EnvironmentSelect project={project} value={environment} onChange={(next) => onChange({ environment: next })} />
    </FilterBar>
  );
  return { window, now, bar };
}

/** Unix ms of now, looked at again each minute. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
