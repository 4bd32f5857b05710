import { useNavigate, useSearch } from '@tanstack/react-router';
import { useProject } from '../../app/project.ts';
import { Page } from '../../kit/page.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { ServiceList } from './service-list.tsx';
import { ServiceMapView } from './service-map.tsx';
import { useShown } from './use-shown.tsx';

/** Every service that sends traces: as a list, and as a map of who calls whom. */
export function ServicesPage() {
  const search = useSearch({ from: '/shell/services' });
  const navigate = useNavigate({ from: '/services' });
  const { slug } = useProject();
  const { environment } = search;
  const { window, bar } = useShown(
    search,
    slug,
    (change) => void navigate({ search: (before) => ({ ...before, ...change }) }),
  );
  const tab = search.tab ?? 'list';
  return (
    <Page title="Services" full={tab === 'map'}>
      <LinkTabs
        label="Ways to look"
        current={tab}
        items={[
          { id: 'list', label: 'List' },
          { id: 'map', label: 'Map' },
        ]}
      />
      {bar}
      {tab === 'list' ? (
        <ServiceList project={slug} environment={environment} window={window} />
      ) : (
        <ServiceMapView project={slug} environment={environment} window={window} />
      )}
    </Page>
  );
}
