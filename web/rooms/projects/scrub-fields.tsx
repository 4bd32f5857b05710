import { Lines } from '../../kit/field.tsx';

/** Names and patterns of a project's own whose values are taken out of what it sends; one a line. */
export function ScrubFields(props: {
  /** What the names are names of. */
  named: string;
  fields: string;
  setFields: (text: string) => void;
  patterns: string;
  setPatterns: (text: string) => void;
}) {
  return (
    <>
      <Lines
        label="Values by name"
        hint={`One a line; ${props.named} count, in any case.`}
        rows={3}
        value={props.fields}
        placeholder="iban"
        set={props.setFields}
      />
      <Lines
        label="Patterns"
        hint="One a line, in RE2 syntax; what matches is taken out of every text."
        rows={2}
        value={props.patterns}
        placeholder="cust-[0-9]+"
        set={props.setPatterns}
      />
    </>
  );
}
