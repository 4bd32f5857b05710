import { type ReactNode, useMemo } from 'react';
import { type Block, type Inline, readMarkdown, safeHref } from './markdown.ts';
import styles from './markdown-text.module.css';

/** A text is drawn as a whole: what stands where is all that tells its pieces apart. */
const keyOf = (index: number, kind: string): string => `${kind} ${index}`;

/** Markdown as elements; no HTML of the text is ever taken as HTML, and pictures of other hosts are links. */
export function MarkdownText({ text }: { text: string }) {
  const blocks = useMemo(() => readMarkdown(text), [text]);
  return (
    <div className={styles.text}>
      {blocks.map((block, index) => (
        <BlockOf key={keyOf(index, block.kind)} block={block} />
      ))}
    </div>
  );
}

function BlockOf({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case 'heading': {
      const Tag = block.level < 3 ? 'h3' : 'h4';
      return (
        <Tag>
          <Line content={block.content} />
        </Tag>
      );
    }
    case 'paragraph':
      return (
        <p>
          <Line content={block.content} />
        </p>
      );
    case 'quote':
      return (
        <blockquote>
          <Line content={block.content} />
        </blockquote>
      );
    case 'code':
      return <pre>{block.text}</pre>;
    case 'rule':
      return <hr />;
    case 'list': {
      const Tag = block.ordered ? 'ol' : 'ul';
      return (
        <Tag>
          {block.items.map((item, index) => (
            <li key={keyOf(index, 'item')}>
              <Line content={item} />
            </li>
          ))}
        </Tag>
      );
    }
    case 'table':
      return (
        <table>
          <thead>
            <Cells as="th" cells={block.head} />
          </thead>
          <tbody>
            {block.rows.map((row, index) => (
              <Cells key={keyOf(index, 'row')} as="td" cells={row} />
            ))}
          </tbody>
        </table>
      );
  }
}

function Cells({ as: Tag, cells }: { as: 'th' | 'td'; cells: Inline[][] }) {
  return (
    <tr>
      {cells.map((cell, index) => (
        <Tag key={keyOf(index, Tag)}>
          <Line content={cell} />
        </Tag>
      ))}
    </tr>
  );
}

function Line({ content }: { content: Inline[] }) {
  return content.map((one, index) => {
    const key = keyOf(index, one.kind);
    switch (one.kind) {
      case 'strong':
        return <strong key={key}>{one.text}</strong>;
      case 'em':
        return <em key={key}>{one.text}</em>;
      case 'code':
        return <code key={key}>{one.text}</code>;
      case 'link':
      case 'image': {
        const href = safeHref(one.href);
        const text = one.text || one.href;
        return href ? (
          <a key={key} href={href} rel="noreferrer" target={href.startsWith('http') ? '_blank' : undefined}>
            {one.kind === 'image' ? `Picture: ${text}` : text}
          </a>
        ) : (
          <span key={key}>{text}</span>
        );
      }
      default:
        return <span key={key}>{one.text}</span>;
    }
  });
}
