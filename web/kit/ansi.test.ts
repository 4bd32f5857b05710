import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ansiColor, parseAnsi, plainText } from './ansi.ts';

const red = '\x1b[31m';
const reset = '\x1b[0m';

describe('parseAnsi', () => {
  it('splits a line by look and gives the look it ends with', () => {
    const { pieces, end } = parseAnsi(`ok ${red}bad\x1b[1m worse`);
    expect(pieces).toEqual([
      { text: 'ok ', style: {} },
      { text: 'bad', style: { color: 1 } },
      { text: ' worse', style: { color: 1, bold: true } },
    ]);
    expect(end).toEqual({ color: 1, bold: true });
    expect(parseAnsi('next', end).pieces[0]?.style).toEqual({ color: 1, bold: true });
    expect(parseAnsi(reset, end).end).toEqual({});
  });

  it('reads the palette and true colours, with semicolons or colons', () => {
    expect(parseAnsi('\x1b[38;5;208mx').pieces[0]?.style.color).toBe(208);
    expect(parseAnsi('\x1b[48;2;10;20;30mx').pieces[0]?.style.background).toBe('#0a141e');
    expect(parseAnsi('\x1b[38:5:9mx').pieces[0]?.style.color).toBe(9);
    expect(parseAnsi('\x1b[97;41mx').pieces[0]?.style).toEqual({ color: 15, background: 1 });
  });

  it('lets a carriage return start the line over, as progress bars do', () => {
    expect(plainText('10 %\r50 %\r100 %')).toBe('100 %');
    expect(plainText('done\r')).toBe('done');
    expect(parseAnsi(`${red}10 %${reset}\r${red}20 %`).pieces.map((piece) => piece.text)).toEqual(['20 %']);
  });

  it('drops what is not colour: cursor moves, titles, links', () => {
    expect(plainText('\x1b[2K\x1b[1Gline\x1b]0;title\x07 \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\')).toBe('line link');
  });

  it('gives plainText and the pieces the same words, and never a control character, whatever comes', () => {
    const bytes = fc.string({
      unit: fc.constantFrom('a', ' ', '\x1b', '[', ']', ';', 'm', '3', '8', '5', 'K', '\r', '\x07', '\\', '\x00', '\t'),
    });
    fc.assert(
      fc.property(bytes, (line) => {
        const { pieces } = parseAnsi(line);
        const text = pieces.map((piece) => piece.text).join('');
        expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
        if (!line.includes('K')) expect(text).toBe(plainText(line));
      }),
    );
  });
});

describe('ansiColor', () => {
  it('takes the named sixteen from the tokens and computes the rest', () => {
    expect(ansiColor(1)).toBe('var(--ansi-red)');
    expect(ansiColor(9)).toBe('var(--ansi-red)');
    expect(ansiColor(16)).toBe('rgb(0 0 0)');
    expect(ansiColor(231)).toBe('rgb(255 255 255)');
    expect(ansiColor(244)).toBe('rgb(128 128 128)');
  });
});
