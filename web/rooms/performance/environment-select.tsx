import { useQuery } from '@tanstack/react-query';
import { ask } from '../../app/api.ts';
import { Select } from '../../kit/field.tsx';

/** The environments that sent something, or all of them. */
export function EnvironmentSelect({
  project,
  value,
  onChange,
}: {
  project: string | undefined;
  value: string | undefined;
  onChange: (environment: string | undefined) => void;
}) {
  const values =
    useQuery({
      ...ask('telemetry', 'values', {
        query: { projectId: project, eventType: 'Transaction', attribute: 'environment', limit: 50 },
      }),
      retry: false,
    }).data?.values ?? [];
  const names = new Set([
    ...values.flatMap((one) => (one.value ? [String(one.value)] : [])),
    ...(value ? [value] : []),
  ]);
  return (
    <Select
      aria-label="Environment"
      value={value ?? ''}
      options={[{ value: '', label: 'Any environment' }, ...[...names].map((name) => ({ value: name, label: name }))]}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}
