import { Package } from 'lucide-react';
import type { Item } from '../../app/api.ts';
import { Empty } from '../../kit/empty.tsx';
import { bytesText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';

type Artifact = Item<'pipelines', 'listArtifacts'>;

const columns: Column<Artifact>[] = [
  { id: 'path', title: 'File', grow: true, cell: (artifact) => <a href={artifact.url}>{artifact.path}</a> },
  { id: 'job', title: 'Job', cell: (artifact) => artifact.jobName },
  { id: 'size', title: 'Size', numeric: true, cell: (artifact) => bytesText(artifact.bytes) },
];

/** Files that jobs kept. */
export function Artifacts({ items }: { items: Artifact[] | undefined }) {
  return (
    <Section flush>
      <Table
        label="Artifacts"
        columns={columns}
        rows={items}
        rowKey={(artifact) => artifact.id}
        empty={
          <Empty icon={<Package />} title="No artifacts" command={'- store_artifacts:\n    path: dist'}>
            Files that a step stores can be downloaded here.
          </Empty>
        }
      />
    </Section>
  );
}
