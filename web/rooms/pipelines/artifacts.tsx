import { Package } from 'lucide-react';
import type { Answer, Item } from '../../app/api.ts';
import { Empty } from '../../kit/empty.tsx';
import { bytesText } from '../../kit/figures.ts';
import { Section } from '../../kit/page.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { copyText } from './copies.ts';

type Artifact = Item<'pipelines', 'listArtifacts'>;

/** Files that jobs kept. Copies of a job keep files of the same name, so each says whose it is. */
export function Artifacts({ items, run }: { items: Artifact[] | undefined; run: Answer<'pipelines', 'getRun'> }) {
  const copies = new Map(run.jobs.map((job) => [job.id, copyText(job)]));
  const columns: Column<Artifact>[] = [
    { id: 'path', title: 'File', grow: true, cell: (artifact) => <a href={artifact.url}>{artifact.path}</a> },
    { id: 'job', title: 'Job', cell: ({ jobName, jobId }) => `${jobName} ${copies.get(jobId) ?? ''}` },
    { id: 'size', title: 'Size', numeric: true, cell: (artifact) => bytesText(artifact.bytes) },
  ];
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
