import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Box, Database, Globe, Inbox, Waypoints } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Empty } from '../../kit/empty.tsx';
import { countText, numberText } from '../../kit/figures.ts';
import { spanText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { ScrollRegion } from '../../kit/scroll-region.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import type { TimeWindow } from '../telemetry/ranges.ts';
import { layoutMap, type MapEdge, type MapNode } from './map-layout.ts';
import styles from './services.module.css';

const icons = { service: Box, database: Database, queue: Inbox, external: Globe };
const size = { width: 200, height: 58, gapX: 96, gapY: 20 };

/** Who calls whom: services, and the databases, queues and hosts they rest on. */
export function ServiceMapView({
  project,
  environment,
  window,
}: {
  project: string | undefined;
  environment: string | undefined;
  window: TimeWindow;
}) {
  const query = useQuery({
    queryKey: ['telemetry', 'serviceMap', { project, environment, window }],
    queryFn: ({ signal }) =>
      api.telemetry.serviceMap({ query: { projectId: project, environment, ...window }, signal }),
    placeholderData: (before) => before,
    retry: false,
  });
  const map = useMemo(() => query.data && layoutMap(query.data), [query.data]);
  const [lit, setLit] = useState<string>();
  if (!map) {
    return (
      <Section flush>
        <QueryProblem query={query} />
        {query.isPending && <SkeletonRows />}
      </Section>
    );
  }
  if (map.nodes.length === 0) {
    return (
      <Empty icon={<Waypoints />} title="No service was heard in this time">
        The map is drawn from spans: each service that sends traces is on it, with what it calls.
      </Empty>
    );
  }
  const height = map.rows * (size.height + size.gapY) - size.gapY;
  const width = map.columns * (size.width + size.gapX) - size.gapX;
  const placed = new Map(map.nodes.map((node) => [node.id, placeOf(node, map.nodes, height)]));
  const most = Math.max(...map.edges.map((edge) => edge.calls), 1);
  const touches = (edge: MapEdge) => lit !== undefined && (edge.from === lit || edge.to === lit);
  const nameOf = (id: string) => map.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <>
      <Section>
        <ScrollRegion className={styles.map} label="Service map">
          <div className={styles.canvas} style={{ width, height }}>
            <svg width={width} height={height} aria-hidden className={styles.edges}>
              {map.edges.map((edge) => (
                <path
                  key={`${edge.from} ${edge.to}`}
                  d={curve(placed.get(edge.from)!, placed.get(edge.to)!)}
                  data-failing={edge.errors / edge.calls > 0.05 || undefined}
                  data-lit={touches(edge) || undefined}
                  data-faint={(lit !== undefined && !touches(edge)) || undefined}
                  strokeWidth={1.25 + 2.5 * Math.sqrt(edge.calls / most)}
                >
                  <title>{`${nameOf(edge.from)} to ${nameOf(edge.to)}: ${countText(edge.calls)} calls, ${countText(edge.errors)} failed, 95th percentile ${spanText(edge.p95Ms)}`}</title>
                </path>
              ))}
            </svg>
            <ul>
              {map.nodes.map((node) => {
                const at = placed.get(node.id)!;
                return (
                  <li key={node.id} className={styles.node} style={{ left: at.x, top: at.y, ...sizeOf }}>
                    <NodeCard node={node} environment={environment} onLight={setLit} />
                  </li>
                );
              })}
            </ul>
          </div>
        </ScrollRegion>
        {query.data && query.data.share > 1 && (
          <p className={styles.note}>Read from one in {query.data.share} traces; the numbers are made up for it.</p>
        )}
      </Section>
      <Section flush title="Calls">
        <Table label="Calls" columns={columnsOf(nameOf)} rows={map.edges} rowKey={(one) => `${one.from} ${one.to}`} />
      </Section>
    </>
  );
}

const sizeOf = { width: size.width, height: size.height };

const columnsOf = (nameOf: (id: string) => string): Column<MapEdge>[] => [
  { id: 'from', title: 'From', cell: (one) => nameOf(one.from) },
  { id: 'to', title: 'To', grow: true, main: true, cell: (one) => nameOf(one.to) },
  { id: 'calls', title: 'Calls', numeric: true, cell: (one) => countText(one.calls) },
  {
    id: 'failed',
    title: 'Failed',
    numeric: true,
    cell: (one) => `${numberText(Math.round((1000 * one.errors) / one.calls) / 10)} %`,
  },
  { id: 'p95', title: '95th percentile', numeric: true, cell: (one) => spanText(one.p95Ms) },
];

function NodeCard({
  node,
  environment,
  onLight,
}: {
  node: MapNode;
  environment: string | undefined;
  onLight: (id: string | undefined) => void;
}) {
  const Icon = icons[node.kind];
  const failing = node.requests !== null && node.requests > 0 && node.errors / node.requests > 0.05;
  const inner = (
    <>
      <Icon aria-hidden size={16} />
      <span className={styles.nodeText}>
        <b title={node.name}>{node.name}</b>
        <small>
          {node.requests === null
            ? node.kind === 'service'
              ? 'calls only'
              : node.kind
            : `${countText(node.requests)} requests${node.errors > 0 ? `, ${numberText(Math.round((1000 * node.errors) / node.requests) / 10)} % failed` : ''}`}
        </small>
      </span>
    </>
  );
  const light = {
    onMouseEnter: () => onLight(node.id),
    onMouseLeave: () => onLight(undefined),
    onFocus: () => onLight(node.id),
    onBlur: () => onLight(undefined),
  };
  if (node.kind !== 'service') {
    return (
      <div className={styles.card} data-kind={node.kind} {...light}>
        {inner}
      </div>
    );
  }
  return (
    <Link
      to="/services/$service"
      params={{ service: node.name }}
      search={(before) => ({ project: before.project, environment, since: before.since })}
      className={styles.card}
      data-failing={failing || undefined}
      {...light}
    >
      {inner}
    </Link>
  );
}

interface At {
  x: number;
  y: number;
}

function placeOf(node: MapNode, nodes: MapNode[], height: number): At {
  const inColumn = nodes.filter((one) => one.column === node.column).length;
  const free = height - (inColumn * (size.height + size.gapY) - size.gapY);
  return { x: node.column * (size.width + size.gapX), y: free / 2 + node.row * (size.height + size.gapY) };
}

/** From the right side of one to the left of the other; back around when the other stands before it. */
function curve(from: At, to: At): string {
  const start = { x: from.x + size.width, y: from.y + size.height / 2 };
  const end = { x: to.x, y: to.y + size.height / 2 };
  const bend = end.x > start.x ? (end.x - start.x) / 2 : 120;
  return `M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`;
}
