import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { Menu as MenuIcon, Search } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { IconButton } from '../kit/button.tsx';
import { HealthBar } from './health-bar.tsx';
import { connectLive } from './live.ts';
import { LiveIndicator } from './live-indicator.tsx';
import { Mark } from './mark.tsx';
import { Nav } from './nav.tsx';
import { statusQuery } from './session.ts';
import styles from './shell.module.css';
import { useShortcuts } from './shortcuts.ts';

const CommandMenu = lazy(() => import('./command-menu.tsx').then((module) => ({ default: module.CommandMenu })));
const HelpDialog = lazy(() => import('./help.tsx').then((module) => ({ default: module.HelpDialog })));

/** What stands around every page once someone is signed in. */
export function Shell() {
  const queries = useQueryClient();
  const { data } = useQuery(statusQuery);
  const [window, setWindow] = useState<'commands' | 'help' | 'nav'>();
  const openCommands = useCallback(() => setWindow('commands'), []);
  const openHelp = useCallback(() => setWindow('help'), []);
  useShortcuts({ openCommands, openHelp });
  useEffect(() => connectLive(queries), [queries]);
  useEffect(() => {
    if (window !== 'nav') return;
    const before = document.activeElement;
    document.querySelector<HTMLElement>('#main-navigation a')?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      setWindow(undefined);
      if (before instanceof HTMLElement) before.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [window]);
  if (!data?.me) return null;
  const close = (open: boolean) => {
    if (!open) setWindow(undefined);
  };
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <div className={styles.topBar}>
        <IconButton
          label={window === 'nav' ? 'Close navigation' : 'Open navigation'}
          aria-expanded={window === 'nav'}
          onClick={() => setWindow(window === 'nav' ? undefined : 'nav')}
        >
          <MenuIcon aria-hidden />
        </IconButton>
        <Mark />
        <strong>Millrace</strong>
        <span className={styles.topEnd}>
          <LiveIndicator />
          <IconButton label="Go to or do" onClick={openCommands}>
            <Search aria-hidden />
          </IconButton>
        </span>
      </div>
      <Nav open={window === 'nav'} onGone={() => close(false)} openCommands={openCommands} openHelp={openHelp} />
      <main id="content" className={styles.main} tabIndex={-1}>
        <HealthBar />
        <Outlet />
      </main>
      <Suspense>
        {window === 'commands' && <CommandMenu onOpenChange={close} openHelp={openHelp} />}
        {window === 'help' && <HelpDialog onOpenChange={close} />}
      </Suspense>
    </div>
  );
}
