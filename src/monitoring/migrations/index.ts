import type { Migration } from '../../platform/postgres/migrations.ts';

export const monitoringMigrations: Migration[] = [
  {
    id: 'monitoring/0001-checks',
    statements: `
      create table monitoring_checks (
        id uuid primary key,
        project_id uuid,
        name text not null,
        target jsonb not null,
        enabled boolean not null,
        interval_seconds int not null,
        retry_interval_seconds int not null,
        max_attempts int not null,
        timeout_ms int not null,
        service text,
        environment text,
        source text not null,
        source_key text unique,
        state text not null default 'pending',
        state_type text not null default 'hard',
        hard_state text not null default 'pending',
        attempt int not null default 1,
        output text not null default '',
        duration_ms float8,
        checked_at timestamptz,
        changed_at timestamptz,
        next_at timestamptz not null default now(),
        acknowledgement jsonb,
        version int not null default 1,
        epoch int not null default 0,
        lease_until timestamptz,
        last_change_event uuid,
        created_at timestamptz not null default now()
      );
      create index on monitoring_checks (next_at) where enabled;
      create index on monitoring_checks (project_id);
      create table monitoring_transitions (
        id bigint generated always as identity primary key,
        check_id uuid not null references monitoring_checks on delete cascade,
        from_state text not null,
        to_state text not null,
        state_type text not null,
        attempt int not null,
        output text not null,
        at timestamptz not null default now()
      );
      create index on monitoring_transitions (check_id, id desc);`,
  },
];
