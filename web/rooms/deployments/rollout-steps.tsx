import type { Answer } from '../../app/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { statusLook } from '../../kit/status.ts';
import { Duration } from '../../kit/time.tsx';
import styles from './rollout-steps.module.css';

/** The steps of a rollout, from first to the one under way. */
export function RolloutSteps({ deployment }: { deployment: Answer<'deployments', 'getDeployment'> }) {
  if (deployment.steps.length === 0) {
    return (
      <Empty title={statusLook(deployment.status).word}>
        {deployment.status === 'on_hold'
          ? 'It starts when somebody approves it.'
          : 'Its steps appear here as soon as it starts.'}
      </Empty>
    );
  }
  return (
    <ol className={styles.steps}>
      {deployment.steps.map((step) => (
        <li key={`${step.name} ${step.startedAt}`} data-tone={statusLook(step.status).tone}>
          <StatusMark status={step.status} label={statusLook(step.status).word} size={16} />
          <div className={styles.body}>
            <div className={styles.head}>
              <span className={styles.name}>{step.name}</span>
              <span className={styles.took}>
                <Duration from={step.startedAt} to={step.finishedAt} />
              </span>
            </div>
            {step.detail && <p className={styles.detail}>{step.detail}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}
