import { expect, it } from 'vitest';
import { checked, surveyOf } from './import-notes.ts';

const layout = { column: 1, row: 1, width: 4, height: 3 };
const widget = (title: string, id: string, ...queries: string[]) => ({
  title,
  layout,
  visualization: { id },
  rawConfiguration: queries.length > 0 ? { nrqlQueries: queries.map((query) => ({ query })) } : { text: 'x' },
});

it('an imported dashboard says what is drawn otherwise, what is refused and what nobody sent', () => {
  const survey = surveyOf({
    name: 'Net',
    description: null,
    pages: [
      {
        name: 'One',
        widgets: [
          widget('Words', 'viz.markdown'),
          widget('Calls', 'viz.line', 'SELECT count(*) FROM A TIMESERIES'),
          widget('Flows', '38301291-54c7-4042-855f-777bbf9e9294.kentik-sankey', 'SELECT count(*) FROM B FACET c'),
          widget('World', '38301291-54c7-4042-855f-777bbf9e9294.kentik-map'),
        ],
      },
      { name: 'Two', widgets: [widget('Again', 'viz.bullet', 'SELECT count(*) FROM A TIMESERIES')] },
    ],
    variables: [{ name: 'c', type: 'NRQL', title: 'Country', nrqlQuery: { query: 'SELECT nonsense(' } }],
  });
  expect(survey).toEqual({
    charts: 4,
    otherwise: [
      { visualization: 'kentik-sankey', drawnAs: 'a table', where: ['Flows (One)'] },
      { visualization: 'kentik-map', drawnAs: 'a table', where: ['World (One)'] },
    ],
    mute: ['World (One)'],
    queries: [
      { nrql: 'SELECT count(*) FROM A TIMESERIES', where: ['Calls (One)', 'Again (Two)'] },
      { nrql: 'SELECT count(*) FROM B FACET c', where: ['Flows (One)'] },
      { nrql: 'SELECT nonsense(', where: ['the choices of Country'] },
    ],
  });
  const found = checked(survey.queries, [
    { ok: true, problems: [] },
    { ok: true, problems: [{ severity: 'warning', message: 'Nothing of type B has come in' }] },
    { ok: false, problems: [{ severity: 'error', message: 'There is no function nonsense()' }] },
  ]);
  expect(found.absent).toEqual(['B']);
  expect(found.refused).toEqual([{ ...survey.queries[2], message: 'There is no function nonsense()' }]);
});
