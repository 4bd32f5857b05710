import { lineProgress, type Progress } from '../app/index.ts';
import type { Terminal } from './terminal.ts';

const redrawMs = 200;

/** One line a finished step, and where a person looks, a last line that says what is under way and for how long. */
export function stepProgress(terminal: Terminal): Progress {
  const lines = lineProgress((line) => terminal.print(line));
  const underWay = new Map<string, { began: number; detail: string }>();
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    const parts = [...underWay].map(([title, { began, detail }]) => {
      const seconds = Math.floor((performance.now() - began) / 1000);
      return `${title}${detail === '' ? '' : ` (${detail})`}${seconds === 0 ? '' : ` ${seconds} s`}`;
    });
    if (parts.length > 0) terminal.transient(`  … ${parts.join(', ')}`);
  };
  return {
    note: lines.note,
    async step(title, work) {
      const state = { began: performance.now(), detail: '' };
      underWay.set(title, state);
      timer ??= terminal.interactive ? setInterval(draw, redrawMs) : undefined;
      try {
        return await lines.step(title, () =>
          work((detail) => {
            state.detail = detail;
          }).finally(() => underWay.delete(title)),
        );
      } finally {
        if (underWay.size === 0) {
          clearInterval(timer);
          timer = undefined;
        } else draw();
      }
    },
  };
}
