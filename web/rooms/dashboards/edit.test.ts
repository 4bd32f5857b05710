import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DashboardDocument } from '../../../src/dashboards/api.ts';
import { addWidget, placeWidget, removeWidget, replaceWidget } from './edit.ts';

const documentOf = (layouts: { column: number; row: number; width: number; height: number }[]): DashboardDocument => ({
  name: 'x',
  description: null,
  variables: [],
  pages: [
    {
      name: 'one',
      widgets: layouts.map((layout, index) => ({
        title: String(index),
        layout,
        visualization: { id: 'viz.line' },
        rawConfiguration: {},
      })),
    },
  ],
});
const layoutsOf = (document: DashboardDocument) => document.pages[0]!.widgets.map((one) => one.layout);
const blank = { title: 'new', visualization: { id: 'viz.table' }, rawConfiguration: {} };

describe('editing a dashboard', () => {
  it('adds under the others, replaces and removes', () => {
    const begun = documentOf([{ column: 1, row: 1, width: 12, height: 3 }]);
    const added = addWidget(begun, 0, blank);
    expect(layoutsOf(added)[1]).toEqual({ column: 1, row: 4, width: 6, height: 3 });
    const renamed = replaceWidget(added, { page: 0, widget: 1 }, { ...added.pages[0]!.widgets[1]!, title: 'other' });
    expect(renamed.pages[0]!.widgets.map(({ title }) => title)).toEqual(['0', 'other']);
    expect(removeWidget(renamed, { page: 0, widget: 0 }).pages[0]!.widgets).toHaveLength(1);
    expect(begun.pages[0]!.widgets).toHaveLength(1);
  });

  it('moves what a widget would cover, and keeps all on the grid without overlap', () => {
    const place = fc.record({
      column: fc.integer({ min: -3, max: 15 }),
      row: fc.integer({ min: -1, max: 12 }),
      width: fc.integer({ min: 0, max: 20 }),
      height: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), place, fc.nat(7), (rows, change, which) => {
        let document = documentOf([]);
        rows.forEach((row, index) => {
          document = addWidget(document, 0, blank);
          document = placeWidget(document, { page: 0, widget: index }, { column: 1 + row * 3, row: 1 + row, width: 4 });
        });
        document = placeWidget(document, { page: 0, widget: which % rows.length }, change);
        const taken = new Set<string>();
        for (const { column, row, width, height } of layoutsOf(document)) {
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column + width - 1).toBeLessThanOrEqual(12);
          for (let x = column; x < column + width; x += 1) {
            for (let y = row; y < row + height; y += 1) {
              expect(taken.has(`${x} ${y}`)).toBe(false);
              taken.add(`${x} ${y}`);
            }
          }
        }
      }),
    );
  });
});
