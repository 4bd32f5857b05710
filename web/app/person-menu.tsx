import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Keyboard, LogOut, Monitor, Moon, Sun, UserRound } from 'lucide-react';
import { Menu } from '../kit/menu.tsx';
import { api } from './api.ts';
import styles from './person-menu.module.css';
import { useMe } from './session.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';

const themes: { theme: Theme; label: string; icon: React.ReactNode }[] = [
  { theme: 'system', label: 'As the system', icon: <Monitor aria-hidden /> },
  { theme: 'light', label: 'Light', icon: <Sun aria-hidden /> },
  { theme: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
];

/** Up to two letters of a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return `${words[0]?.charAt(0) ?? '?'}${words.length > 1 ? words.at(-1)!.charAt(0) : ''}`.toUpperCase();
}

/** Who is signed in, the theme, and the way out. */
export function PersonMenu({ openHelp }: { openHelp: () => void }) {
  const me = useMe();
  const theme = useTheme();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => api.identity.logout(),
    onSuccess: () => {
      queries.clear();
      void navigate({ to: '/login' });
    },
  });
  if (!me) return null;
  return (
    <Menu
      align="end"
      trigger={
        <button type="button" className={styles.avatar} aria-label={`${me.name}: account and theme`}>
          {initials(me.name)}
        </button>
      }
      groups={[
        {
          id: 'me',
          title: `${me.name} · ${me.role}`,
          items: [
            {
              id: 'account',
              label: 'Account',
              icon: <UserRound aria-hidden />,
              onSelect: () => void navigate({ to: '/settings', search: { tab: 'account' } }),
            },
            { id: 'keys', label: 'Keyboard shortcuts', icon: <Keyboard aria-hidden />, hint: '?', onSelect: openHelp },
          ],
        },
        {
          id: 'theme',
          title: 'Theme',
          items: themes.map((one) => ({
            id: one.theme,
            label: one.label,
            icon: one.icon,
            checked: theme === one.theme,
            onSelect: () => setTheme(one.theme),
          })),
        },
        {
          id: 'leave',
          items: [{ id: 'logout', label: 'Sign out', icon: <LogOut aria-hidden />, onSelect: () => leave.mutate() }],
        },
      ]}
    />
  );
}
