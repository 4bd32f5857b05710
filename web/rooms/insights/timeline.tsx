import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { GitCommitHorizontal, X } from 'lucide-react';
import { useMemo } from 'react';
import { describeFact, factRooms } from '../../../src/client/facts.ts';
import { api, ask } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { Problem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Input, Select } from '../../kit/field.tsx';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { groupBy } from '../../kit/group-by.ts';
import { Page } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { ChainPanel } from './chain-panel.tsx';
import { actorName, type Fact, FactRow } from './fact-row.tsx';
import { foldFacts, isFold } from './fold-facts.ts';
import { FoldRow } from './fold-row.tsx';
import { sinceOf, TimeRange } from './time-range.tsx';
import styles from './timeline.module.css';

const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** Everything that happened, newest first. */
export function TimelinePage() {
  const search = useSearch({ from: '/shell/timeline' });
  const navigate = useNavigate({ from: '/timeline' });
  const { slug, project, projects, slugOf } = useProject();
  // Once for each choice: "the last hour" must not be another question at every drawing.
  const since = useMemo(() => sinceOf(search.since), [search.since]);
  const query = {
    projectId: project?.id,
    types: search.room,
    since,
    until: sinceOf(search.until),
    limit: 100,
  };
  const facts = useInfiniteQuery({
    queryKey: ['insights', 'listEvents', query],
    queryFn: ({ pageParam, signal }) =>
      api.insights.listEvents({ query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    enabled: !slug || project !== undefined || projects !== undefined,
  });
  const chain = useQuery({
    ...ask('insights', 'getEvent', { params: { eventId: search.event ?? '' } }),
    enabled: search.event !== undefined,
    placeholderData: keepPreviousData,
  });
  const all = facts.data?.pages.flatMap((page) => page.items);
  const shown = useMemo(() => all?.filter((fact) => holds(fact, search.q)), [all, search.q]);
  const days = useMemo(() => groupBy(shown ?? [], (fact) => new Date(fact.at).toDateString()), [shown]);

  const looking = search.event !== undefined && chain.data !== undefined;
  const causes = new Set(looking ? chain.data.causes.map((fact) => fact.id) : []);
  const effects = new Set(looking ? chain.data.effects.map((fact) => fact.id) : []);
  const litOf = (fact: Fact) => {
    if (!looking) return undefined;
    if (fact.id === search.event) return 'chosen';
    if (causes.has(fact.id)) return 'cause';
    return effects.has(fact.id) ? 'effect' : 'other';
  };
  const rowOf = (fact: Fact) => (
    <FactRow key={fact.id} fact={fact} lit={litOf(fact)} project={slug ? undefined : slugOf(fact.projectId)} />
  );
  const set = (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }) });
  const filtered = Boolean(search.room || search.q || search.since || search.until);

  return (
    <Page
      title="Timeline"
      command={queryCommand(
        `SELECT * FROM Event${search.room ? ` WHERE event LIKE '${search.room}%'` : ''} LIMIT 100`,
        slug,
      )}
    >
      <FilterBar>
        <Select
          aria-label="Kind"
          value={search.room ?? ''}
          options={[{ value: '', label: 'Everything' }, ...factRooms]}
          onChange={(event) => set({ room: event.target.value || undefined })}
        />
        <Input
          type="search"
          aria-label="Words, person, environment"
          placeholder="Words, person, environment"
          value={search.q ?? ''}
          onChange={(event) => set({ q: event.target.value || undefined })}
        />
        <TimeRange since={search.since} until={search.until} onChange={set} />
        {filtered && (
          <Button
            look="quiet"
            icon={<X aria-hidden />}
            onClick={() => set({ room: undefined, q: undefined, since: undefined, until: undefined })}
          >
            Clear
          </Button>
        )}
      </FilterBar>
      <div className={styles.columns} data-looking={search.event !== undefined || undefined}>
        <div className={styles.facts}>
          {facts.error && !all && <Problem error={facts.error} retry={() => void facts.refetch()} />}
          {!shown && !facts.error && <SkeletonRows rows={14} />}
          {shown?.length === 0 && (
            <Empty
              icon={<GitCommitHorizontal />}
              title={filtered ? 'Nothing like that happened' : 'Nothing happened yet'}
            >
              Every push, run, release, deployment, error, alert and change of a setting is told here, with what led to
              it and what came of it.
            </Empty>
          )}
          {[...days].map(([day, ofDay]) => (
            <section key={day} aria-label={day}>
              <h2 className={styles.day}>{dayName.format(new Date(day))}</h2>
              <ul className={styles.list}>
                {(search.room ? ofDay : foldFacts(ofDay, search.event)).map((row) =>
                  isFold(row) ? (
                    <FoldRow key={row.key} fold={row} lit={litOf(row.facts[0]!)}>
                      {row.facts.map(rowOf)}
                    </FoldRow>
                  ) : (
                    rowOf(row)
                  ),
                )}
              </ul>
            </section>
          ))}
          {facts.hasNextPage && (
            <div className={styles.more}>
              <Button busy={facts.isFetchingNextPage} onClick={() => void facts.fetchNextPage()}>
                Show older
              </Button>
            </div>
          )}
        </div>
        {search.event && (
          <aside className={styles.panel} aria-label="Causes and effects">
            <ChainPanel query={chain} onClose={() => set({ event: undefined })} />
          </aside>
        )}
      </div>
    </Page>
  );
}

function holds(fact: Fact, words: string | undefined): boolean {
  if (!words) return true;
  const described = describeFact(fact);
  const text = `${described.text} ${described.details.join(' ')} ${actorName(fact)} ${fact.type}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
