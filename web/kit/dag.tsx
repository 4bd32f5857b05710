import { type ReactNode, useMemo } from 'react';
import styles from './dag.module.css';
import { type DagNode, layoutDag } from './dag-layout.ts';
import { ScrollRegion } from './scroll-region.tsx';

interface DagProps<Node extends DagNode> {
  label: string;
  nodes: Node[];
  render: (node: Node) => ReactNode;
  /** Nodes on the way that matters now (to the failure, to the selected one): their edges stand out. */
  lit?: ReadonlySet<string> | undefined;
}

const nodeWidth = 208;
const nodeHeight = 46;
const gapX = 44;
const gapY = 12;

/** A graph from left to right. Nodes are ordinary content, so links and focus work; edges are drawn behind them. */
export function Dag<Node extends DagNode>({ label, nodes, render, lit }: DagProps<Node>) {
  const layout = useMemo(() => layoutDag(nodes), [nodes]);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const counts = new Map<number, number>();
  for (const placed of layout.nodes) counts.set(placed.layer, (counts.get(placed.layer) ?? 0) + 1);
  const height = layout.rows * (nodeHeight + gapY) - gapY;
  const place = new Map(
    layout.nodes.map((placed) => {
      const free = height - (counts.get(placed.layer)! * (nodeHeight + gapY) - gapY);
      const y = Math.min(free / 2, 80) + placed.row * (nodeHeight + gapY);
      return [placed.id, { x: placed.layer * (nodeWidth + gapX), y }];
    }),
  );
  const width = layout.layers * (nodeWidth + gapX) - gapX;
  return (
    <ScrollRegion className={styles.scroll} label={label}>
      <div className={styles.canvas} style={{ width, height }}>
        <svg width={width} height={height} aria-hidden className={styles.edges}>
          {layout.edges.map(({ from, to }) => {
            const a = place.get(from)!;
            const b = place.get(to)!;
            const start = [a.x + nodeWidth, a.y + nodeHeight / 2] as const;
            const end = [b.x, b.y + nodeHeight / 2] as const;
            const middle = gapX / 2;
            return (
              <path
                key={`${from} ${to}`}
                data-lit={(lit?.has(from) && lit.has(to)) || undefined}
                d={`M${start[0]} ${start[1]}C${start[0] + middle} ${start[1]} ${end[0] - middle} ${end[1]} ${end[0]} ${end[1]}`}
              />
            );
          })}
        </svg>
        <ul>
          {layout.nodes.map(({ id }) => {
            const at = place.get(id)!;
            return (
              <li
                key={id}
                className={styles.node}
                style={{ left: at.x, top: at.y, width: nodeWidth, height: nodeHeight }}
              >
                {render(byId.get(id)!)}
              </li>
            );
          })}
        </ul>
      </div>
    </ScrollRegion>
  );
}
