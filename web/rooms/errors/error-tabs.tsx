import { LinkTabs } from '../../kit/tabs.tsx';

/** The views of the errors page. */
export function ErrorTabs({ current }: { current: 'issues' | 'releases' }) {
  return (
    <LinkTabs
      label="Views"
      current={current}
      items={[
        { id: 'issues', label: 'Issues' },
        { id: 'releases', label: 'Releases' },
      ]}
    />
  );
}
