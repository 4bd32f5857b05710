import { ansiColor, parseAnsi, type TextStyle } from './ansi.ts';
import { InOrder } from './in-order.tsx';

interface AnsiTextProps {
  text: string;
  /** The look the line before ended with. */
  start?: TextStyle | undefined;
  className?: string | undefined;
}

/** One line of terminal output with its colours. */
export function AnsiText({ text, start, className }: AnsiTextProps) {
  const { pieces } = parseAnsi(text, start);
  return (
    <span className={className}>
      <InOrder items={pieces}>{(piece) => <span style={cssOf(piece.style)}>{piece.text}</span>}</InOrder>
    </span>
  );
}

function cssOf(style: TextStyle) {
  const front = style.color === undefined ? undefined : ansiColor(style.color);
  const back = style.background === undefined ? undefined : ansiColor(style.background);
  return {
    color: style.inverse ? (back ?? 'var(--sunken)') : front,
    backgroundColor: style.inverse ? (front ?? 'var(--text)') : back,
    fontWeight: style.bold ? 650 : undefined,
    opacity: style.dim ? 0.7 : undefined,
    fontStyle: style.italic ? 'italic' : undefined,
    textDecoration: style.underline ? 'underline' : style.strike ? 'line-through' : undefined,
  };
}
