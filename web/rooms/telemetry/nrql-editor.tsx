import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useId, useMemo, useRef, useState } from 'react';
import { ask } from '../../app/api.ts';
import { sentences } from '../../kit/figures.ts';
import styles from './nrql-editor.module.css';
import { offsetOf, placeAt, wordsOf } from './nrql-words.ts';

export interface QueryProblemAt {
  line?: number | undefined;
  column?: number | undefined;
  message: string;
  hint?: string | undefined;
}

interface Suggestion {
  text: string;
  kind: string;
  note: string;
}

interface NrqlEditorProps {
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  project: string | undefined;
  problem?: QueryProblemAt | undefined;
}

/**
 * A box for NRQL: coloured words, completion of event types, attributes and functions that were really seen, and a
 * squiggle where the server found a mistake. Mod+Enter runs; Ctrl+Space asks for completion.
 */
export function NrqlEditor({ value, onChange, onRun, project, problem }: NrqlEditorProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const [cursor, setCursor] = useState<number>();
  const [chosen, setChosen] = useState(0);
  const known = useQuery({ ...ask('telemetry', 'completion', { query: { projectId: project } }), retry: false }).data;

  const here = cursor === undefined ? undefined : placeAt(value, cursor);
  const wanted = here?.expects === 'value' && here.attribute && here.eventTypes[0] ? here : undefined;
  const values = useQuery({
    ...ask('telemetry', 'values', {
      query: {
        projectId: project,
        eventType: wanted?.eventTypes[0] ?? '',
        attribute: wanted?.attribute ?? '',
        prefix: wanted?.prefix || undefined,
        limit: 20,
      },
    }),
    enabled: wanted !== undefined,
    staleTime: 30_000,
    retry: false,
  }).data;

  const suggestions = useMemo<Suggestion[]>(() => {
    if (cursor === undefined || !known) return [];
    const place = placeAt(value, cursor);
    if (!place) return [];
    if (place.expects === 'value') {
      return (values?.values ?? [])
        .flatMap((one) =>
          typeof one.value === 'string' && one.value !== place.prefix
            ? [{ text: one.value, kind: 'value', note: `${one.records} records` }]
            : [],
        )
        .slice(0, 9);
    }
    const types = known.eventTypes.map((one) => ({
      text: one.name,
      kind: 'event type',
      note: `${one.records} records`,
    }));
    const attributes = known.attributes
      .filter((one) => place.eventTypes.length === 0 || place.eventTypes.includes(one.eventType))
      .map((one) => ({ text: one.name, kind: one.type as string, note: one.description ?? one.eventType }));
    const functions = known.functions.map((one) => ({ text: one.name, kind: 'function', note: one.signature }));
    const words = known.keywords.map((one) => ({ text: one, kind: 'word', note: '' }));
    const all =
      place.expects === 'eventType'
        ? types
        : place.expects === 'start'
          ? words
          : place.prefix === ''
            ? attributes
            : [...attributes, ...functions, ...words];
    const prefix = place.prefix.toLowerCase();
    const unique = new Map(all.map((one) => [one.text, one]));
    return [...unique.values()]
      .filter((one) => one.text.toLowerCase().startsWith(prefix) && one.text.toLowerCase() !== prefix)
      .slice(0, 9);
  }, [value, cursor, known, values]);
  const open = suggestions.length > 0;
  const index = Math.min(chosen, suggestions.length - 1);

  const take = (suggestion: Suggestion) => {
    const place = placeAt(value, cursor ?? value.length);
    if (!place) return;
    const end = cursor ?? value.length;
    // A value is written with its closing quote; what stood after the cursor in the quotes gives way to it.
    const quote = value[place.from - 1] ?? "'";
    const rest = place.expects === 'value' ? value.slice(end).replace(/^[^'"\n]*['"]?/, '') : value.slice(end);
    const text =
      suggestion.kind === 'value'
        ? `${suggestion.text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}${quote} `
        : suggestion.kind === 'function'
          ? `${suggestion.text}(`
          : `${suggestion.text} `;
    const next = value.slice(0, place.from) + text + rest;
    onChange(next);
    setCursor(undefined);
    const at = place.from + text.length;
    requestAnimationFrame(() => {
      box.current?.focus();
      box.current?.setSelectionRange(at, at);
    });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      setCursor(undefined);
      onRun();
    } else if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      setCursor(event.currentTarget.selectionStart);
    } else if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen((index + step + suggestions.length) % suggestions.length);
    } else if (open && (event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey) {
      event.preventDefault();
      take(suggestions[index]!);
    } else if (event.key === 'Escape' && open) {
      event.preventDefault();
      setCursor(undefined);
    }
  };

  const wrong = problem?.line === undefined ? undefined : offsetOf(value, problem.line, problem.column ?? 1);
  return (
    <div className={styles.editor}>
      <div className={styles.field}>
        <pre className={styles.paint} aria-hidden>
          {wordsOf(value).map((word) => (
            <span
              key={word.from}
              className={styles[word.kind]}
              data-wrong={(wrong !== undefined && isAt(wrong, word.from, word.text.length, value.length)) || undefined}
            >
              {word.text}
            </span>
          ))}
          {wrong !== undefined && wrong >= value.length && <span data-wrong> </span>}{' '}
        </pre>
        <textarea
          ref={box}
          className={styles.text}
          aria-label="NRQL query"
          aria-invalid={problem ? true : undefined}
          role="combobox"
          aria-expanded={open}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={open ? `${listId}-${index}` : undefined}
          placeholder="SELECT count(*) FROM Transaction FACET service TIMESERIES"
          spellCheck={false}
          autoCapitalize="off"
          rows={Math.min(12, Math.max(2, value.split('\n').length))}
          value={value}
          onChange={(event) => {
            onChange(event.target.value);
            setCursor(event.target.selectionStart);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => setTimeout(() => setCursor(undefined), 150)}
        />
      </div>
      {open && (
        <div className={styles.list} id={listId} role="listbox" aria-label="Completions">
          {suggestions.map((one, position) => (
            <div
              key={one.text}
              id={`${listId}-${position}`}
              role="option"
              tabIndex={-1}
              aria-selected={position === index}
              className={styles.option}
              onMouseDown={(event) => {
                event.preventDefault();
                take(one);
              }}
            >
              <code>{one.text}</code>
              <span className={styles.kind}>{one.kind}</span>
              <span className={styles.note}>{one.note}</span>
            </div>
          ))}
        </div>
      )}
      {problem && (
        <p className={styles.problem} role="alert">
          {problem.line !== undefined && (
            <span>
              {problem.line}:{problem.column ?? 1}{' '}
            </span>
          )}
          {sentences(problem.message, problem.hint)}
        </p>
      )}
    </div>
  );
}

function isAt(wrong: number, from: number, length: number, end: number): boolean {
  return (wrong >= from && wrong < from + length) || (wrong >= end && from + length === end);
}
