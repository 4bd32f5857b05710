import { useNavigate } from '@tanstack/react-router';
import { Copy, Download, FileText, Image, Search } from 'lucide-react';
import type { RefObject } from 'react';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import { IconButton } from '../../kit/button.tsx';
import { Menu, type MenuGroup, type MenuItem } from '../../kit/menu.tsx';
import { pictureOf } from '../../kit/picture.ts';
import { fileName, saveFile } from '../../kit/save-file.ts';
import { useToasts } from '../../kit/toast.tsx';
import { toCsv } from './cells.ts';

/** What can be taken away from a chart: its numbers, its picture, its query. */
export function ExportMenu({
  answer,
  queries,
  title,
  figure,
  more = [],
  toExplore = true,
}: {
  answer: QueryAnswer | undefined;
  queries: string[];
  title: string;
  figure: RefObject<HTMLElement | null>;
  more?: MenuGroup[] | undefined;
  toExplore?: boolean | undefined;
}) {
  const navigate = useNavigate();
  const toasts = useToasts();
  const savePicture = async () => {
    const picture = figure.current ? await pictureOf(figure.current, title) : undefined;
    if (picture) saveFile(picture, fileName(title, 'png'));
    else toasts.failed(new Error('A table is no picture. Take the CSV.'));
  };
  const items: MenuItem[] = [
    {
      id: 'csv',
      label: 'Save as CSV',
      icon: <FileText aria-hidden />,
      disabled: !answer,
      onSelect: () => answer && saveFile(toCsv(answer), fileName(title, 'csv'), 'text/csv'),
    },
    {
      id: 'png',
      label: 'Save as PNG',
      icon: <Image aria-hidden />,
      disabled: !answer,
      onSelect: () => void savePicture(),
    },
    {
      id: 'query',
      label: 'Copy the query',
      icon: <Copy aria-hidden />,
      disabled: queries.length === 0,
      onSelect: () => void navigator.clipboard.writeText(queries.join('\n\n')).then(() => toasts.said('Copied')),
    },
  ];
  if (toExplore && queries.length > 0) {
    items.push({
      id: 'explore',
      label: 'Open in Explore',
      icon: <Search aria-hidden />,
      onSelect: () =>
        void navigate({ to: '/explore', search: (before) => ({ project: before.project, q: queries[0] }) }),
    });
  }
  return (
    <Menu
      align="end"
      trigger={
        <IconButton size="small" label={`Export ${title}`}>
          <Download aria-hidden />
        </IconButton>
      }
      groups={[{ id: 'export', items }, ...more]}
    />
  );
}
