import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { places } from './places.ts';

const typing = 'input, textarea, select, [contenteditable]';

/**
 * Keys that work everywhere: `mod+k` opens the command menu, `g` and a letter goes to a place, `/` goes to the page's
 * filter, `j` to its first row, `?` shows all of them. Silent while someone types or a dialog is open.
 */
export function useShortcuts(actions: { openCommands: () => void; openHelp: () => void }): void {
  const navigate = useNavigate();
  const { openCommands, openHelp } = actions;
  useEffect(() => {
    let prefixUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openCommands();
        return;
      }
      const target = event.target as HTMLElement;
      if (event.metaKey || event.ctrlKey || event.altKey || target.closest(typing)) return;
      if (document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]')) return;
      if (Date.now() < prefixUntil) {
        prefixUntil = 0;
        const place = places.find((candidate) => candidate.key === event.key);
        if (!place) return;
        event.preventDefault();
        void navigate({ to: place.to });
        return;
      }
      if (event.key === 'g') prefixUntil = Date.now() + 1200;
      else if (event.key === '?') openHelp();
      else if (event.key === '/') focusFirst(event, 'main input[type="search"]');
      else if (event.key === 'j' && document.activeElement === document.body) {
        focusFirst(event, 'main tbody a[href], main tbody button');
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, openCommands, openHelp]);
}

function focusFirst(event: KeyboardEvent, selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (!element) return;
  event.preventDefault();
  element.focus();
}
