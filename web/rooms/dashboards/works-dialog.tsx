import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { DashboardDocument } from '../../../src/dashboards/api.ts';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { plural } from '../../kit/figures.ts';
import { Skeleton } from '../../kit/skeleton.tsx';
import styles from './dashboards.module.css';
import { type AskedQuery, checked, surveyOf } from './import-notes.ts';
import { fillIn, variablesOf } from './variables.ts';

/** How many queries are sent to be compiled at a time. */
const atATime = 8;

/** What of a dashboard works here: charts drawn otherwise, queries that are refused, data that nobody sent. */
export function WorksDialog({
  document,
  project,
  onOpenChange,
}: {
  document: DashboardDocument;
  project: string | undefined;
  onOpenChange: (open: boolean) => void;
}) {
  const survey = useMemo(() => surveyOf(document), [document]);
  const { charts, otherwise, mute, queries } = survey;
  const compiled = useQuery({
    queryKey: ['dashboards', 'works', { document, project }],
    queryFn: async ({ signal }) => {
      const answers = [];
      const variables = variablesOf(document);
      for (let at = 0; at < queries.length; at += atATime) {
        const some = queries.slice(at, at + atATime).map(({ nrql }) => fillIn(nrql, variables, {}));
        answers.push(
          ...(await Promise.all(
            some.map((nrql) => api.telemetry.compile({ body: { nrql, projectId: project }, signal })),
          )),
        );
      }
      return checked(queries, answers);
    },
    staleTime: 60_000,
  });
  const found = compiled.data;
  const whole = otherwise.length === 0 && mute.length === 0 && found?.refused.length === 0;
  return (
    <Dialog
      open
      wide
      onOpenChange={onOpenChange}
      title="What of it works here"
      description={`${plural(charts, 'chart')}, ${plural(queries.length, 'different query', 'different queries')}.`}
    >
      <div className={styles.works}>
        {whole && <p>Every chart is drawn as the dashboard says, and every query is understood.</p>}
        {otherwise.length > 0 && (
          <Part title="Drawn otherwise">
            {otherwise.map(({ visualization, drawnAs, where }) => (
              <li key={visualization}>
                <code>{visualization}</code> is not drawn here; shown as {drawnAs}: {listed(where)}
              </li>
            ))}
          </Part>
        )}
        {mute.length > 0 && (
          <Part title="Without a query, and so empty">
            <li>{listed(mute)}</li>
          </Part>
        )}
        {compiled.error && <Problem error={compiled.error} retry={() => void compiled.refetch()} />}
        {compiled.isPending && queries.length > 0 && <Skeleton height="3rem" />}
        {found && found.refused.length > 0 && (
          <Part title="Queries that are refused">
            {found.refused.map(({ nrql, where, message }) => (
              <li key={nrql}>
                {listed(where)}: {message}
                <code className={styles.refused}>{nrql}</code>
              </li>
            ))}
          </Part>
        )}
        {found && found.absent.length > 0 && (
          <Part title="Nothing has come in of">
            <li>
              {found.absent.map((type, index) => (
                <span key={type}>
                  {index > 0 && ', '}
                  <code>{type}</code>
                </span>
              ))}
              . Charts that ask for these stay empty until something sends them.
            </li>
          </Part>
        )}
      </div>
    </Dialog>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      <ul>{children}</ul>
    </section>
  );
}

const shownNames = 6;

/** Some names, and how many more. */
function listed(names: AskedQuery['where']): string {
  const rest = names.length - shownNames;
  return names.slice(0, shownNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
