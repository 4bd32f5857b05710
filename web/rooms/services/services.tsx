import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { useProject } from '../../app/project.ts';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { Page } from '../../kit/page.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { RangeSelect } from '../telemetry/range-select.tsx';
import { windowOf } from '../telemetry/ranges.ts';
import { EnvironmentSelect } from './environment-select.tsx';
import { ServiceList } from './service-list.tsx';
import { ServiceMapView } from './service-map.tsx';

/** Every service that sends traces: as a list, and as a map of who calls whom. */
export function ServicesPage() {
  const search = useSearch({ from: '/shell/services' });
  const navigate = useNavigate({ from: '/services' });
  const { slug } = useProject();
  const now = useMinute();
  const since = search.since ?? '1h';
  const { from, to, environment } = search;
  const window = useMemo(
    () => windowOf({ since, from, to }, now) ?? { since: now - 3_600_000, until: now },
    [since, from, to, now],
  );
  const tab = search.tab ?? 'list';
  return (
    <Page title="Services" full={tab === 'map'}>
      <LinkTabs
        label="Ways to look"
        current={tab}
        items={[
          { id: 'list', label: 'List' },
          { id: 'map', label: 'Map' },
        ]}
      />
      <FilterBar>
        <RangeSelect
          value={{ since, from, to }}
          onChange={(range) => void navigate({ search: (before) => ({ ...before, ...range }) })}
        />
        <EnvironmentSelect
          project={slug}
          value={environment}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, environment: next }) })}
        />
      </FilterBar>
      {tab === 'list' ? (
        <ServiceList project={slug} environment={environment} window={window} />
      ) : (
        <ServiceMapView project={slug} environment={environment} window={window} />
      )}
    </Page>
  );
}

/** Unix ms of now, looked at again each minute. */
export function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
