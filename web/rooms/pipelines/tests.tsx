import { useInfiniteQuery } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useState } from 'react';
import { type Answer, api, type Item } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { StatusMark } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Input, Select } from '../../kit/field.tsx';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import styles from './tests.module.css';

type Test = Item<'pipelines', 'listTests'>;
type TestStatus = Test['status'];

const statuses: TestStatus[] = ['failed', 'error', 'skipped', 'success'];

/** Test results of a run, failures first and open. */
export function Tests({ run }: { run: Answer<'pipelines', 'getRun'> }) {
  const [name, setName] = useState('');
  const [status, setStatus] = useState<TestStatus>();
  const query = { name: name.trim() || undefined, status, limit: 100 };
  const tests = useInfiniteQuery({
    queryKey: ['pipelines', 'listTests', run.id, query],
    queryFn: ({ pageParam, signal }) =>
      api.pipelines.listTests({ params: { id: run.id }, query: { ...query, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const items = tests.data?.pages.flatMap((page) => page.items);
  return (
    <Section
      flush
      aside={
        <FilterBar>
          <Input
            type="search"
            aria-label="Name of the test"
            placeholder="Name of the test"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Select
            aria-label="Result"
            value={status ?? ''}
            options={[
              { value: '', label: 'Any result' },
              ...statuses.map((one) => ({ value: one, label: statusLook(one).word })),
            ]}
            onChange={(event) => setStatus(statuses.find((one) => one === event.target.value))}
          />
        </FilterBar>
      }
    >
      {tests.error && <Problem error={tests.error} />}
      {tests.isPending && <SkeletonRows />}
      {items?.length === 0 && (
        <Empty
          icon={<FlaskConical />}
          title={name || status ? 'No test is like that' : 'No test results'}
          command={name || status ? undefined : '- store_test_results:\n    path: test-results'}
        >
          Steps that store JUnit files show their tests here: failures first, with history.
        </Empty>
      )}
      {items && items.length > 0 && (
        <ul className={styles.tests} aria-label="Tests">
          {items.map((test) => (
            <TestRow key={test.id} test={test} />
          ))}
        </ul>
      )}
      {tests.hasNextPage && (
        <div className={styles.more}>
          <Button size="small" busy={tests.isFetchingNextPage} onClick={() => void tests.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Section>
  );
}

function TestRow({ test }: { test: Test }) {
  const broken = test.status === 'failed' || test.status === 'error';
  const place = [test.file, test.className ?? test.suite, test.jobName].filter(Boolean).join(' · ');
  const head = (
    <>
      <StatusMark status={test.status} label={statusLook(test.status).word} />
      <span className={styles.name}>{test.name}</span>
      <span className={styles.place}>{place}</span>
      <span className={styles.took}>{test.durationMs < 1 ? '< 1 ms' : spanText(test.durationMs)}</span>
    </>
  );
  if (!broken && !test.message) return <li className={styles.head}>{head}</li>;
  return (
    <li>
      <details open={broken}>
        <summary className={styles.head}>{head}</summary>
        <div className={styles.body}>
          {test.message && <p className={styles.message}>{test.message}</p>}
          {test.details && <pre>{test.details}</pre>}
          {test.details && <CopyButton text={`${test.message ?? ''}\n${test.details}`} label="Copy failure" />}
        </div>
      </details>
    </li>
  );
}
