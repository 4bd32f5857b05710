import { useEffect, useSyncExternalStore } from 'react';

export interface PageCommand {
  id: string;
  /** Begins with a verb: `Roll back production`. */
  name: string;
  /** Words people search for it by. */
  words?: string | undefined;
  /** Why it cannot be done now. */
  disabledBecause?: string | undefined;
  run: () => void;
}

let commands: PageCommand[] = [];
const watchers = new Set<() => void>();

function setCommands(next: PageCommand[]): void {
  commands = next;
  for (const watcher of watchers) watcher();
}

/** Offers what the open page can do in the command menu, as long as it is open. */
export function usePageCommands(own: PageCommand[]): void {
  useEffect(() => {
    setCommands([...commands, ...own]);
    return () => setCommands(commands.filter((command) => !own.includes(command)));
  }, [own]);
}

/** What the open page can do. */
export function useOfferedCommands(): PageCommand[] {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => commands,
  );
}
