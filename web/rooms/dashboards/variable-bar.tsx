import { useQuery } from '@tanstack/react-query';
import { ChevronDown } from 'lucide-react';
import { api } from '../../app/api.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { Menu } from '../../kit/menu.tsx';
import { SearchInput } from '../../kit/search-input.tsx';
import styles from './dashboards.module.css';
import type { Chosen, Variable } from './variables.ts';

interface VariableBarProps {
  variables: Variable[];
  chosen: Chosen;
  project: string | undefined;
  onChange: (name: string, values: string[]) => void;
}

/** The variables of a dashboard, each with what may be chosen. */
export function VariableBar({ variables, chosen, project, onChange }: VariableBarProps) {
  return variables.map((variable) => (
    <span key={variable.name} className={styles.variable}>
      <span>{variable.title}</span>
      <VariableControl
        variable={variable}
        values={chosen[variable.name] ?? []}
        project={project}
        onChange={(values) => onChange(variable.name, values)}
      />
    </span>
  ));
}

function VariableControl({
  variable,
  values,
  project,
  onChange,
}: {
  variable: Variable;
  values: string[];
  project: string | undefined;
  onChange: (values: string[]) => void;
}) {
  const asked = useQuery({
    queryKey: ['telemetry', 'query', { nrql: variable.nrql, project }],
    queryFn: ({ signal }) => api.telemetry.query({ body: { nrql: variable.nrql ?? '', projectId: project }, signal }),
    enabled: variable.nrql !== undefined,
    staleTime: 60_000,
    retry: false,
    select: (answer) => {
      const first = answer.rows.flatMap((row) => (Array.isArray(row[0]) ? row[0] : [row[0]]));
      return [...new Set(first.filter((one) => one !== null && one !== undefined).map(String))].sort();
    },
  });
  if (variable.kind === 'text') {
    return (
      <SearchInput
        label={variable.title}
        placeholder={variable.defaults[0] ?? 'any'}
        asked={values[0]}
        onAsk={(value) => onChange(value ? [value] : [])}
      />
    );
  }
  const items =
    variable.kind === 'query' ? (asked.data ?? []).map((value) => ({ value, label: value })) : variable.items;
  const none = variable.defaults.length > 0 ? `Default: ${variable.defaults.join(', ')}` : 'All';
  if (!variable.multiple) {
    const known = values[0] === undefined || items.some((one) => one.value === values[0]);
    return (
      <Select
        aria-label={variable.title}
        value={values[0] ?? ''}
        options={[{ value: '', label: none }, ...items, ...(known ? [] : [{ value: values[0]!, label: values[0]! }])]}
        onChange={(event) => onChange(event.target.value ? [event.target.value] : [])}
      />
    );
  }
  return (
    <Menu
      trigger={
        <Button>
          {values.length === 0 ? none : values.length > 2 ? `${values.length} chosen` : values.join(', ')}
          <ChevronDown aria-hidden size={14} />
        </Button>
      }
      groups={[
        {
          id: 'none',
          items: [{ id: 'none', label: none, checked: values.length === 0, onSelect: () => onChange([]) }],
        },
        {
          id: 'items',
          items: items.slice(0, 100).map(({ value, label }) => ({
            id: value,
            label,
            checked: values.includes(value),
            onSelect: () =>
              onChange(values.includes(value) ? values.filter((one) => one !== value) : [...values, value]),
          })),
        },
      ]}
    />
  );
}
