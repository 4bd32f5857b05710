import type { Migration } from '../../platform/postgres/migrations.ts';

export const agentsMigrations: Migration[] = [
  {
    id: 'agents/0001-queue',
    statements: `
      create table agents_agents (
        id text primary key,
        name text not null,
        slots int not null,
        executors jsonb not null default '[]',
        draining boolean not null default false,
        started_at timestamptz not null default clock_timestamp(),
        seen_at timestamptz not null default clock_timestamp()
      );
      create table agents_work (
        id uuid primary key,
        project_id uuid not null,
        group_key text,
        agent_id text,
        epoch bigint not null default 0,
        lease_until timestamptz,
        queued_at timestamptz not null default clock_timestamp()
      );
      create index on agents_work (queued_at) where agent_id is null;
      create index on agents_work (agent_id) where agent_id is not null;
      create index on agents_work (group_key, queued_at) where group_key is not null;`,
  },
  {
    id: 'agents/0002-spans',
    statements: `
      alter table agents_work add column span text;
      create table agents_spans (group_key text primary key, span text not null, taken_at timestamptz not null default clock_timestamp());
      create index on agents_spans (span);`,
  },
];
