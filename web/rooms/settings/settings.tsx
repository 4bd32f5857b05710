import { useSearch } from '@tanstack/react-router';
import { Page } from '../../kit/page.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Account } from './account.tsx';
import { Agents } from './agents.tsx';
import { Contexts } from './contexts.tsx';
import { Intake } from './intake.tsx';
import { People } from './people.tsx';
import { ProjectList } from './project-list.tsx';
import { Tokens } from './tokens.tsx';

const tabs = [
  { id: 'people', label: 'People', view: People },
  { id: 'projects', label: 'Projects', view: ProjectList, command: 'millrace project list' },
  { id: 'contexts', label: 'Contexts', view: Contexts },
  { id: 'tokens', label: 'Tokens', view: Tokens },
  { id: 'agents', label: 'Health', view: Agents, command: 'millrace doctor' },
  { id: 'intake', label: 'Intake', view: Intake },
  { id: 'account', label: 'Your account', view: Account, command: 'millrace login' },
];

/** People, projects, secrets, tokens, the state of Millrace itself, what came in, and the own account. */
export function SettingsPage() {
  const { tab } = useSearch({ from: '/shell/settings' });
  const current = tabs.find((one) => one.id === tab) ?? tabs[0]!;
  const View = current.view;
  return (
    <Page title="Settings" command={current.command}>
      <LinkTabs label="Settings" current={current.id} items={tabs.map(({ id, label }) => ({ id, label }))} />
      <View />
    </Page>
  );
}
