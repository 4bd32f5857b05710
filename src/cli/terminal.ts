export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'grey' | 'bold';

const codes: Record<Colour, number> = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 };

/** Where a command writes. Progress and colours appear only where a person looks. */
export interface Terminal {
  /** One line of the answer, to standard output. */
  print(line: string): void;
  /** One line beside the answer, to standard error. */
  note(line: string): void;
  /** Replaces the last transient line; nothing where nobody looks. */
  transient(line: string): void;
  paint(colour: Colour, text: string): string;
  interactive: boolean;
  columns: number;
}

/** The terminal of this process. `NO_COLOR` and a missing TTY turn colours off, `FORCE_COLOR` turns them on. */
export function openTerminal(): Terminal {
  const { stdout, stderr } = process;
  const interactive = stdout.isTTY === true;
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = process.env;
  const coloured = force ? force !== '0' : interactive && !no && term !== 'dumb';
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    print(line) {
      clear();
      stdout.write(`${line}\n`);
    },
    note(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    transient(line) {
      if (!interactive || stderr.isTTY !== true) return;
      clear();
      stderr.write(line.slice(0, (stdout.columns || 80) - 1));
      shown = true;
    },
    paint: (colour, text) => (coloured ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text),
    interactive,
    columns: stdout.columns || 100,
  };
}
