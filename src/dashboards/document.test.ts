import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../kernel/faults.ts';
import { readDocument } from './document.ts';

const widget = {
  title: 'Throughput',
  layout: { column: 5, row: 2, width: 8, height: 3 },
  linkedEntityGuids: null,
  visualization: { id: 'viz.line' },
  rawConfiguration: { nrqlQueries: [{ accountId: 0, query: 'SELECT count(*) FROM Transaction TIMESERIES' }] },
};
const dashboard = {
  name: 'Web',
  description: null,
  permissions: 'PUBLIC_READ_WRITE',
  pages: [{ name: 'One', description: null, widgets: [widget] }],
  variables: [{ name: 'service', type: 'STRING', title: 'Service' }],
};

describe('dashboards in New Relic’s format', () => {
  it('are kept as they are, with what Millrace does not use', () => {
    expect(readDocument(dashboard)).toEqual(dashboard);
  });

  it('may come wrapped, without variables, without places, and with the older configuration', () => {
    const older = { title: null, configuration: { bar: { queries: [{ query: 'SELECT 1' }], thresholds: [] } } };
    const read = readDocument({ dashboard: { name: 'Old', pages: [{ widgets: [widget, older, { ...older }] }] } });
    expect(read).toMatchObject({ description: null, variables: [] });
    expect(read.pages[0]).toMatchObject({
      name: 'Page 1',
      widgets: [
        widget,
        {
          title: '',
          visualization: { id: 'viz.bar' },
          layout: { column: 1, row: 5, width: 4, height: 3 },
          rawConfiguration: { nrqlQueries: [{ query: 'SELECT 1' }], thresholds: [] },
        },
        { layout: { row: 8 } },
      ],
    });
  });

  it('may be of New Relic’s former form, on three columns', () => {
    const place = { row: 2, column: 3, width: 1, height: 1 };
    const read = readDocument({
      title: 'Former',
      widgets: [
        { title: 'Slow', nrql: 'SELECT 1', process_as: 'faceted_line_chart', notes: 'why', ...place },
        { title: 'Words', nrql: null, customizations: { markdown: '# Hi' }, ...place },
        { visualization: 'gauge', presentation: { title: 'Full' }, data: [{ nrql: 'SELECT 2' }], layout: place },
      ],
    });
    const layout = { row: 4, column: 9, width: 4, height: 3 };
    expect(read).toMatchObject({
      name: 'Former',
      pages: [
        {
          name: 'Former',
          widgets: [
            {
              title: 'Slow',
              layout,
              visualization: { id: 'viz.line' },
              rawConfiguration: { nrqlQueries: [{ query: 'SELECT 1' }], notes: 'why' },
            },
            { title: 'Words', visualization: { id: 'viz.markdown' }, rawConfiguration: { text: '# Hi' } },
            { title: 'Full', layout, visualization: { id: 'viz.bullet' } },
          ],
        },
      ],
    });
  });

  it('stay on the grid of twelve columns', () => {
    const places = [
      { column: 13, row: 1, width: 4, height: 3 },
      { column: 1, row: 4, width: 14, height: 3 },
      { column: 9, row: 7, width: 4, height: 3 },
    ];
    const read = readDocument({ name: 'x', pages: [{ widgets: places.map((layout) => ({ ...widget, layout })) }] });
    expect(read.pages[0]!.widgets.map(({ layout: { column, width } }) => [column, width])).toEqual([
      [9, 4],
      [1, 12],
      [9, 4],
    ]);
  });

  it.each([
    [[], /a JSON object/],
    [{ name: 'x' }, /pages/],
    [{ name: '', pages: [{ widgets: [] }] }, /name/],
    [{ name: 'x', pages: [{ widgets: [{ title: 'no visualization' }] }] }, /pages\[0\]\.widgets\[0\]\.visualization/],
    [{ name: 'x', pages: [{ widgets: [{ ...widget, layout: { column: 0 } }] }] }, /layout\.column/],
  ])('say what is wrong with %j', (input, message) => {
    expect(() => readDocument(input)).toThrow(message);
  });

  it('read any JSON or refuse it, and read what they read before', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (page, other) => {
        try {
          const read = readDocument({ name: 'x', pages: [page, { widgets: [other] }] });
          expect(readDocument(read)).toEqual(read);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
    );
  });
});
