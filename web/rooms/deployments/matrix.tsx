import { Link } from '@tanstack/react-router';
import { ArrowRight, ExternalLink, Pause } from 'lucide-react';
import { Status, StatusMark, Tag } from '../../kit/badge.tsx';
import { useNarrow } from '../../kit/narrow.ts';
import { statusLook } from '../../kit/status.ts';
import { Time } from '../../kit/time.tsx';
import type { Environment } from './environments.ts';
import styles from './matrix.module.css';
import { PromoteButton } from './promote.tsx';
import { RollBackButton } from './roll-back.tsx';

type Service = Environment['services'][number];

/** Environments in the order releases pass through them. */
export function inOrder(environments: readonly Environment[]): Environment[] {
  const depth = (one: Environment, seen = 0): number => {
    if (one.from.kind === 'branch' || seen > environments.length) return 0;
    const before = environments.find((other) => other.name === one.from.name);
    return before ? depth(before, seen + 1) + 1 : 1;
  };
  return environments.toSorted((a, b) => depth(a) - depth(b) || a.name.localeCompare(b.name));
}

/** A project's environments side by side, its services down the rows: what runs where, and how it is. */
export function Matrix({ environments }: { environments: Environment[] }) {
  const columns = inOrder(environments);
  const names = new Map<string, Service['kind']>();
  for (const one of columns) for (const service of one.services) names.set(service.name, service.kind);
  const narrow = useNarrow();
  const services = [...names].sort(([a, x], [b, y]) => (x === y ? a.localeCompare(b) : x === 'application' ? -1 : 1));
  if (narrow) {
    return (
      <ul className={styles.cards}>
        {columns.map((environment) => (
          <li key={environment.id}>
            <EnvironmentHead environment={environment} feeds={feeds(environment, columns)} />
            <ul aria-label={`Services of ${environment.name}`}>
              {environment.services.map((service) => (
                <li key={service.name}>
                  <strong>{service.name}</strong>
                  <ServiceCell service={service} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className={styles.scroll}>
      <table className={styles.matrix} aria-label="What runs where">
        <thead>
          <tr>
            <td />
            {columns.map((environment) => (
              <th key={environment.id} scope="col">
                <EnvironmentHead environment={environment} feeds={feeds(environment, columns)} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {services.map(([name, kind]) => (
            <tr key={name}>
              <th scope="row">
                {name}
                {kind === 'backing' && <span className={styles.quiet}>kept across releases</span>}
              </th>
              {columns.map((environment) => (
                <td key={environment.id}>
                  <ServiceCell service={environment.services.find((service) => service.name === name)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function feeds(environment: Environment, all: Environment[]): Environment[] {
  return all.filter((other) => other.from.kind === 'environment' && other.from.name === environment.name);
}

function EnvironmentHead({ environment, feeds }: { environment: Environment; feeds: Environment[] }) {
  const { active, waiting, release } = environment;
  const onHold = waiting.find((one) => one.status === 'on_hold');
  return (
    <div className={styles.head}>
      <div className={styles.headLine}>
        <Link to="/environments/$environmentId" params={{ environmentId: environment.id }} className={styles.name}>
          {environment.name}
        </Link>
        <Status status={release ? environment.health : 'empty'} />
        <span className={styles.actions}>
          {feeds.length > 0 && <PromoteButton environment={environment} to={feeds} size="small" />}
          <RollBackButton environment={environment} size="small" offer />
        </span>
      </div>
      <div className={styles.release}>
        {release ? (
          <>
            <Link to="/releases/$releaseId" params={{ releaseId: release.id }}>
              <code>{release.version}</code>
            </Link>
            <span className={styles.message}>{release.message}</span>
          </>
        ) : (
          <span className={styles.message}>
            Fed by {environment.from.kind} {environment.from.name}
          </span>
        )}
      </div>
      <div className={styles.meta}>
        {environment.lastChange && (
          <span>
            <Link
              to="/deployments/$deploymentId"
              params={{ deploymentId: environment.lastChange.deploymentId }}
              className={styles.change}
            >
              {environment.lastChange.what}
            </Link>
            , <Time at={environment.lastChange.at} />
          </span>
        )}
        {environment.url && (
          <a href={environment.url} target="_blank" rel="noreferrer">
            Open
            <ExternalLink aria-hidden size={11} />
          </a>
        )}
      </div>
      {active && (
        <Link
          to="/deployments/$deploymentId"
          params={{ deploymentId: active.id }}
          className={styles.now}
          data-tone={statusLook(active.status).tone}
        >
          <StatusMark status={active.status} />
          {statusLook(active.status).word} {active.release.version}
          <ArrowRight aria-hidden size={13} />
        </Link>
      )}
      {onHold && (
        <Link
          to="/deployments/$deploymentId"
          params={{ deploymentId: onHold.id }}
          className={styles.now}
          data-tone="warn"
        >
          <Pause aria-hidden size={13} />
          {onHold.release.version} needs approval
          <ArrowRight aria-hidden size={13} />
        </Link>
      )}
    </div>
  );
}

function ServiceCell({ service }: { service: Service | undefined }) {
  if (!service) return <span className={styles.quiet}>–</span>;
  const { wanted, healthy } = service.replicas;
  return (
    <span className={styles.cell}>
      <StatusMark status={service.health} label={statusLook(service.health).word} />
      {service.release ? (
        <Tag>{service.release}</Tag>
      ) : (
        <span className={styles.quiet}>{statusLook(service.health).word}</span>
      )}
      <span className={styles.quiet} title={`${healthy} of ${wanted} instances are healthy`}>
        {healthy}/{wanted}
      </span>
      <span className={styles.door}>
        {service.url && (
          <a href={service.url} target="_blank" rel="noreferrer" aria-label={`Open ${service.name}`}>
            <ExternalLink aria-hidden size={12} />
          </a>
        )}
      </span>
    </span>
  );
}
