import { useRef, useState } from 'react';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import { Status } from '../../kit/badge.tsx';
import type { ChartMark } from '../../kit/chart.tsx';
import { numberText, plural } from '../../kit/figures.ts';
import { rangeText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { AnswerFigure } from './answer-figure.tsx';
import { ExportMenu } from './export-menu.tsx';
import { type Form, formNames, formsOf } from './forms.ts';

/** An answer in the form that suits it, or in one that was chosen. */
export function AnswerView({
  answer,
  marks,
  onAsk,
  onSelect,
}: {
  answer: QueryAnswer;
  marks?: ChartMark[] | undefined;
  onAsk: (nrql: string) => void;
  onSelect?: ((since: number, until: number) => void) | undefined;
}) {
  const [chosen, setChosen] = useState<Form>();
  const figure = useRef<HTMLDivElement>(null);
  const forms = formsOf(answer);
  const form = chosen && forms.includes(chosen) ? chosen : forms[0]!;
  const range = rangeText(Date.parse(answer.window.since), Date.parse(answer.window.until));
  const amount =
    answer.shape === 'timeseries'
      ? plural(answer.series.length, 'series', 'series')
      : form === 'billboard'
        ? ''
        : plural(answer.rows.length, 'row');
  return (
    <Section
      flush={form === 'table'}
      title={[amount, range].filter(Boolean).join(', ')}
      aside={
        <>
          {answer.comparison && (
            <Status
              status={answer.comparison.verdict}
              word={`${answer.comparison.verdict} (${answer.comparison.value === null ? 'no data' : numberText(answer.comparison.value)} ${answer.comparison.operator} ${answer.comparison.threshold})`}
              boxed
            />
          )}
          {forms.length > 1 && (
            <Choice
              label="Form"
              value={form}
              options={forms.map((value) => ({ value, label: formNames[value] }))}
              onChange={setChosen}
            />
          )}
          <ExportMenu answer={answer} queries={[answer.nrql]} title="Answer" figure={figure} toExplore={false} />
        </>
      }
    >
      <div ref={figure}>
        <AnswerFigure answer={answer} form={form} marks={marks} onAsk={onAsk} onSelect={onSelect} />
      </div>
    </Section>
  );
}
