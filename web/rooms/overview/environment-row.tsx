import { Link } from '@tanstack/react-router';
import { ExternalLink } from 'lucide-react';
import { Status, StatusMark } from '../../kit/badge.tsx';
import { numberText } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Sparkline } from '../../kit/sparkline.tsx';
import { statusLook } from '../../kit/status.ts';
import { Time } from '../../kit/time.tsx';
import type { Environment } from '../deployments/environments.ts';
import styles from './environment-row.module.css';
import type { Traffic } from './traffic.ts';

interface EnvironmentRowProps {
  environment: Environment;
  traffic: Traffic | undefined;
}

/** An environment as a row of services: release, health, last change, and what visitors get. */
export function EnvironmentRow({ environment, traffic }: EnvironmentRowProps) {
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
            <div className={styles.facts}>
              <Link
                to="/deployments/$deploymentId"
                params={{ deploymentId: environment.lastChange.deploymentId }}
                className={styles.change}
              >
                {environment.lastChange.what}
              </Link>
              <span>{environment.lastChange.by}</span>
              <Time at={environment.lastChange.at} />
            </div>
          )
        )}
      </div>
      <div className={styles.end}>{traffic && <TrafficFigures traffic={traffic} />}</div>
    </div>
  );
}

/** Requests of the last half hour as a line of bars, with rate, failures and speed. */
function TrafficFigures({ traffic }: { traffic: Traffic }) {
  return (
    <div className={styles.traffic}>
      <Sparkline counts={traffic.minutes} what="request" width={150} height={26} />
      <dl>
        <div>
          <dt>Requests</dt>
          <dd>{numberText(roundTo(traffic.perMinute))}/min</dd>
        </div>
        <div data-tone={traffic.failed >= 1 ? 'bad' : undefined}>
          <dt>Failed</dt>
          <dd>{numberText(roundTo(traffic.failed))} %</dd>
        </div>
        <div>
          <dt title="95 of 100 requests were answered within this">p95</dt>
          <dd>{traffic.p95Ms === undefined ? '–' : spanText(traffic.p95Ms)}</dd>
        </div>
      </dl>
    </div>
  );
}

/** One digit after the point while it matters. */
const roundTo = (value: number): number => (value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
