import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import { Status, StatusMark } from '../../kit/badge.tsx';
import { statusLook } from '../../kit/status.ts';
import { Time } from '../../kit/time.tsx';
import type { Environment } from '../deployments/matrix.tsx';
import styles from './environment-row.module.css';

/** An environment as a row of services: release, health, last change. */
export function EnvironmentRow({ environment }: { environment: Environment }) {
  const { release, active, waiting } = environment;
  const onHold = waiting.find((one) => one.status === 'on_hold');
  const moving = active ?? onHold;
  return (
    <div className={styles.row}>
      <div className={styles.head}>
        <Link to="/environments/$environmentId" params={{ environmentId: environment.id }} className={styles.name}>
          {environment.name}
        </Link>
        <Status status={release ? environment.health : 'empty'} />
      </div>
      <div className={styles.middle}>
        <div className={styles.release}>
          {release ? (
            <>
              <code>{release.version}</code>
              <span className={styles.quiet}>{release.message}</span>
            </>
          ) : (
            <span className={styles.quiet}>
              Fed by {environment.from.kind} {environment.from.name}
            </span>
          )}
        </div>
        <ul className={styles.services} aria-label={`Services of ${environment.name}`}>
          {environment.services.map((service) => (
            <li key={service.name}>
              <StatusMark status={service.health} size={12} label={statusLook(service.health).word} />
              {service.url ? (
                <a href={service.url} target="_blank" rel="noreferrer">
                  {service.name}
                  <ExternalLink aria-hidden size={10} />
                </a>
              ) : (
                service.name
              )}
              {service.replicas.wanted > 1 && (
                <span className={styles.quiet}>
                  {service.replicas.healthy}/{service.replicas.wanted}
                </span>
              )}
            </li>
          ))}
        </ul>
      </div>
      <div className={styles.end}>
        {moving ? (
          <Link
            to="/deployments/$deploymentId"
            params={{ deploymentId: moving.id }}
            className={styles.moving}
            data-tone={statusLook(moving.status).tone}
          >
            <StatusMark status={moving.status} />
            {statusLook(moving.status).word} {moving.release.version}
          </Link>
        ) : (
          environment.lastChange && (
            <>
              <span className={styles.change}>{environment.lastChange.what}</span>
              <span className={styles.quiet}>
                {environment.lastChange.by}, <Time at={environment.lastChange.at} />
              </span>
            </>
          )
        )}
      </div>
    </div>
  );
}
