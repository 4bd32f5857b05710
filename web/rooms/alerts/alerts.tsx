import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { ask } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { useProject } from '../../app/project.ts';
import { Page } from '../../kit/page.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Channels } from './channels.tsx';
import { Conditions } from './conditions.tsx';
import { Deliveries } from './deliveries.tsx';
import { Incidents } from './incidents.tsx';
import { NewChannelButton } from './new-channel.tsx';
import { NewConditionButton } from './new-condition.tsx';

/** Incidents, what opens them, and who is told. */
export function AlertsPage() {
  const { tab = 'incidents' } = useSearch({ from: '/shell/alerts' });
  const { slug } = useProject();
  const open = useQuery(
    ask('alerts', 'listIncidents', { query: { project: slug, state: 'unclosed', limit: 50 } }),
  ).data;
  return (
    <Page
      title="Alerts"
      actions={tab === 'channels' ? <NewChannelButton /> : <NewConditionButton />}
      command={queryCommand("SELECT * FROM Event WHERE event LIKE 'alerts.%' SINCE 1 day ago", slug)}
    >
      <LinkTabs
        label="Parts of alerts"
        current={tab}
        items={[
          { id: 'incidents', label: 'Incidents', count: open?.items.length, alert: (open?.items.length ?? 0) > 0 },
          { id: 'conditions', label: 'Conditions' },
          { id: 'channels', label: 'Channels' },
          { id: 'deliveries', label: 'Notifications' },
        ]}
      />
      {tab === 'incidents' && <Incidents />}
      {tab === 'conditions' && <Conditions />}
      {tab === 'channels' && <Channels />}
      {tab === 'deliveries' && <Deliveries />}
    </Page>
  );
}
