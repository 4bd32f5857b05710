import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Radio, ScrollText } from 'lucide-react';
import { useCallback, useState } from 'react';
import type { LogLine } from '../../../src/telemetry/api.ts';
import { api, ask } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Select } from '../../kit/field.tsx';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { Section } from '../../kit/page.tsx';
import { SearchInput } from '../../kit/search-input.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { LogPatterns } from './log-patterns.tsx';
import { LogRow } from './log-row.tsx';
import styles from './logs.module.css';
import { RangeSelect } from './range-select.tsx';
import { windowOf } from './ranges.ts';
import { type TailFilter, useTail } from './tail.ts';

/** Rows in the page at first, and more each time the end of them comes near. */
const atOnce = 150;

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Logs of services and steps, newest on top; live when asked. */
export function Logs({ project }: { project: string | undefined }) {
  const search = useSearch({ from: '/shell/explore' });
  const navigate = useNavigate({ from: '/explore' });
  const [wanted, setLive] = useState(true);
  const [now] = useState(() => Date.now());
  const window = windowOf(search, now);
  // A span between two instants holds still.
  const ended = search.from !== undefined && search.to !== undefined;
  const live = wanted && !ended;
  const [shown, setShown] = useState(atOnce);
  const below = useCallback((end: HTMLDivElement) => {
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some((one) => one.isIntersecting)) setShown((before) => before + atOnce);
      },
      { rootMargin: '600px' },
    );
    watch.observe(end);
    return () => watch.disconnect();
  }, []);
  const filter: TailFilter = {
    projectId: project,
    text: search.text,
    service: search.service,
    environment: search.environment,
    level: levels.find((one) => one === search.level),
  };
  const within = {
    since: window && new Date(window.since).toISOString(),
    until: window && ended ? new Date(window.until).toISOString() : undefined,
  };
  const older = useInfiniteQuery({
    queryKey: ['telemetry', 'logs', filter, within],
    queryFn: ({ pageParam, signal }) =>
      api.telemetry.logs({ query: { ...filter, ...within, limit: 200, before: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.before,
    retry: false,
  });
  const asPatterns = search.view === 'patterns';
  const tail = useTail(filter, live && older.isSuccess && !asPatterns, older.data?.pages[0]?.storedUntil);
  const set = (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }) });
  const values = (attribute: string) =>
    ask('telemetry', 'values', { query: { projectId: project, eventType: 'Log', attribute, limit: 50 } });
  const services = useQuery({ ...values('service'), retry: false }).data?.values ?? [];
  const environments = useQuery({ ...values('environment'), retry: false }).data?.values ?? [];

  const stored = older.data?.pages.flatMap((page) => page.items.toReversed()) ?? [];
  const seen = new Set<string>();
  const lines: LogLine[] = [...tail.lines.toReversed(), ...stored].filter((line) => {
    if (seen.has(line.cursor)) return false;
    seen.add(line.cursor);
    return true;
  });
  const choices = (name: string, items: { value: unknown; records: number }[]) => [
    { value: '', label: `Any ${name}` },
    ...items.filter((one) => one.value).map((one) => ({ value: String(one.value), label: String(one.value) })),
  ];
  return (
    <>
      <FilterBar>
        <SearchInput
          label="Words, -words, name:value"
          placeholder='Words, "a phrase", -without, name:value'
          className={styles.words}
          asked={search.text}
          onAsk={(text) => set({ text })}
        />
        <Select
          aria-label="Service"
          value={search.service ?? ''}
          options={withCurrent(choices('service', services), search.service)}
          onChange={(event) => set({ service: event.target.value || undefined })}
        />
        <Select
          aria-label="Environment"
          value={search.environment ?? ''}
          options={withCurrent(choices('environment', environments), search.environment)}
          onChange={(event) => set({ environment: event.target.value || undefined })}
        />
        <Select
          aria-label="Least severity"
          value={filter.level ?? ''}
          options={[
            { value: '', label: 'Any level' },
            ...levels.map((one) => ({ value: one, label: `${one} and worse` })),
          ]}
          onChange={(event) => set({ level: event.target.value || undefined })}
        />
        <Choice
          label="Show"
          value={search.view ?? 'lines'}
          options={[
            { value: 'lines', label: 'Lines' },
            { value: 'patterns', label: 'Patterns' },
          ]}
          onChange={(view) => set({ view: view === 'patterns' ? view : undefined })}
        />
        {!asPatterns && <RangeSelect value={search} none="Latest" onChange={set} />}
        {!asPatterns && !ended && (
          <Button
            icon={<Radio aria-hidden />}
            look={live ? 'primary' : 'plain'}
            aria-pressed={live}
            onClick={() => setLive(!live)}
          >
            {live ? 'Live' : 'Paused'}
          </Button>
        )}
        {tail.dropped > 0 && (
          <span className={styles.dropped} role="status">
            {tail.dropped} lines came faster than they can be shown; they are stored.
          </span>
        )}
      </FilterBar>
      {older.error && <Problem error={older.error} retry={() => void older.refetch()} />}
      {asPatterns ? (
        <LogPatterns filter={filter} onText={(text) => set({ text, view: undefined })} />
      ) : (
        <>
          <Section flush>
            {older.isPending && <SkeletonRows rows={14} />}
            {older.isSuccess && lines.length === 0 && (
              <Empty icon={<ScrollText />} title={window ? 'No log lines in this time' : 'No log lines'}>
                Steps of pipelines and deployed services log here by themselves. Everything else sends OpenTelemetry;
                the settings for it stand in the settings of its project.
              </Empty>
            )}
            {lines.length > 0 && (
              <ul className={styles.lines} aria-label="Log lines, newest first">
                {lines.slice(0, shown).map((line) => (
                  <LogRow key={line.cursor} line={line} onFilter={set} />
                ))}
              </ul>
            )}
          </Section>
          {lines.length > shown && <div key={shown} ref={below} />}
          {lines.length <= shown && older.hasNextPage && (
            <div>
              <Button busy={older.isFetchingNextPage} onClick={() => void older.fetchNextPage()}>
                Show older
              </Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

/** A value from the address stays choosable though it was not seen lately. */
function withCurrent(options: { value: string; label: string }[], current: string | undefined) {
  if (!current || options.some((option) => option.value === current)) return options;
  return [...options, { value: current, label: current }];
}
