import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Command } from 'lucide-react';
import { Keys } from '../kit/keys.tsx';
import { ask } from './api.ts';
import { LiveIndicator } from './live-indicator.tsx';
import { Mark } from './mark.tsx';
import styles from './nav.module.css';
import { PersonMenu } from './person-menu.tsx';
import { places } from './places.ts';
import { useProject } from './project.ts';
import { ProjectSwitcher } from './project-switcher.tsx';

interface NavProps {
  /** On narrow screens it slides over the page. */
  open: boolean;
  onGone: () => void;
  openCommands: () => void;
  openHelp: () => void;
}

/** Where to go; what is open now is told in the page itself. */
export function Nav({ open, onGone, openCommands, openHelp }: NavProps) {
  const { slug } = useProject();
  const errors = useQuery(ask('errors', 'countIssues', { query: { project: slug } })).data;
  const incidents = useQuery(
    ask('alerts', 'listIncidents', { query: { project: slug, state: 'open', limit: 50 } }),
  ).data;
  const counts: Partial<Record<string, { count: number; words: string }>> = {
    '/errors': { count: (errors?.new ?? 0) + (errors?.regressed ?? 0), words: 'new or regressed' },
    '/alerts': { count: incidents?.items.length ?? 0, words: 'open' },
  };
  return (
    <>
      {open && <button type="button" className={styles.scrim} aria-label="Close navigation" onClick={onGone} />}
      <nav id="main-navigation" className={styles.nav} data-open={open || undefined} aria-label="Main">
        <Link to="/" className={styles.brand} onClick={onGone}>
          <Mark />
          Millrace
        </Link>
        <ProjectSwitcher />
        <button type="button" className={styles.search} onClick={openCommands}>
          <Command aria-hidden />
          <span>Go to or do…</span>
          <Keys of="mod+k" />
        </button>
        <ul className={styles.places}>
          {places.map(({ to, name, icon: Icon }) => {
            const mark = counts[to];
            return (
              <li key={to}>
                <Link
                  to={to}
                  className={styles.place}
                  activeProps={{ 'aria-current': 'page' }}
                  activeOptions={{ exact: to === '/', includeSearch: false }}
                  onClick={onGone}
                >
                  <Icon aria-hidden />
                  {name}
                  {mark && mark.count > 0 && (
                    <span className={styles.count} title={`${mark.count} ${mark.words}`}>
                      {mark.count}
                      <span className="visually-hidden"> {mark.words}</span>
                    </span>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
        <div className={styles.foot}>
          <LiveIndicator />
          <PersonMenu openHelp={openHelp} />
        </div>
      </nav>
    </>
  );
}
