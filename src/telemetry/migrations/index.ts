import type { Migration } from '../../platform/postgres/migrations.ts';

export const telemetryMigrations: Migration[] = [
  {
    // Which batch carries what was written under a key: any other that brings it again brings it in vain.
    id: 'telemetry/0001-once',
    statements: `
      create table telemetry_once (
        key text primary key,
        batch text not null,
        at timestamptz not null default now()
      );
      create index on telemetry_once (at);`,
  },
  {
    id: 'telemetry/0002-retention',
    statements: `
      create table telemetry_retention (
        kind text primary key,
        days int not null
      );`,
  },
  {
    id: 'telemetry/0003-projects',
    statements: `
      create table telemetry_projects (
        project_id uuid primary key,
        records_per_minute bigint,
        scrubbing jsonb
      );`,
  },
  {
    // What came in and what was refused, hour by hour; an empty reason is what was accepted, an empty project none.
    id: 'telemetry/0004-accounts',
    statements: `
      create table telemetry_accounts (
        hour timestamptz not null,
        project_id text not null,
        type text not null,
        reason text not null,
        count bigint not null,
        primary key (hour, project_id, type, reason)
      );`,
  },
];
