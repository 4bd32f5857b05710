import { lazy, Suspense, useMemo } from 'react';
import type { Answer } from '../../app/api.ts';
import { Status } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import styles from './gates.module.css';
import { thresholdOf } from './threshold.ts';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

type Deployment = Answer<'deployments', 'getDeployment'>;
type Gate = Deployment['gates'][number];

/** What must hold for a release to stay, and what was measured. */
export function Gates({ deployment }: { deployment: Deployment }) {
  if (deployment.gates.length === 0 && !deployment.finishedAt) {
    return <Empty title="Nothing measured yet">Its gates are watched as soon as it serves.</Empty>;
  }
  if (deployment.gates.length === 0 && deployment.kind === 'rollback') {
    return <Empty title="Not gated">The way back to a release that was good is not held up by gates.</Empty>;
  }
  if (deployment.gates.length === 0) {
    return (
      <Empty
        title="No gates"
        command={
          'rollout:\n  verify:\n    for: 5 minutes\n    where:\n      - SELECT percentage(count(*), WHERE error IS true) FROM Transaction < 1'
        }
      >
        A rollout can be verified by queries in <code>millrace.yaml</code>; what fails is taken back by itself.
      </Empty>
    );
  }
  return (
    <ul className={styles.gates}>
      {deployment.gates.map((gate) => (
        <GateItem key={gate.index} gate={gate} />
      ))}
    </ul>
  );
}

const verdictWords = { holds: 'Holds', fails: 'Fails', unknown: 'No data yet' };

function GateItem({ gate }: { gate: Gate }) {
  const latest = gate.results.at(-1);
  const times = useMemo(() => gate.results.map((result) => Date.parse(result.at)), [gate.results]);
  const series = useMemo(
    () => [{ label: 'Measured', values: gate.results.map((result) => result.value) }],
    [gate.results],
  );
  const measured = gate.results.filter((result) => result.value !== null).length;
  return (
    <li>
      <div className={styles.head}>
        {gate.kind === 'nrql' ? (
          <code className={styles.where}>{gate.where}</code>
        ) : (
          <span className={styles.rule}>{gate.where}</span>
        )}
        <Status status={gate.verdict} word={verdictWords[gate.verdict]} boxed />
      </div>
      {latest && <p className={styles.explanation}>{latest.explanation}</p>}
      {measured > 1 && (
        <Suspense fallback={<Skeleton height="110px" />}>
          <TimeChart
            label={`Values of ${gate.where}`}
            times={times}
            series={series}
            height={110}
            kind="area"
            limit={thresholdOf(gate.where)}
          />
        </Suspense>
      )}
    </li>
  );
}
