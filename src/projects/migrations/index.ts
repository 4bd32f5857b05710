import type { Migration } from '../../platform/postgres/migrations.ts';

export const projectsMigrations: Migration[] = [
  {
    id: 'projects/0001-projects',
    statements: `
      create table projects_projects (
        id uuid primary key,
        slug text not null unique,
        name text not null,
        default_branch text not null,
        ingest_id int generated always as identity unique,
        public_key text not null,
        settings jsonb not null,
        version int not null default 1,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      -- Where each ref stood when its last move was told to the log.
      create table projects_refs (
        project_id uuid not null references projects_projects on delete cascade,
        ref text not null,
        sha text not null,
        primary key (project_id, ref)
      );
      create table projects_pushes (
        id uuid primary key,
        project_id uuid not null references projects_projects on delete cascade,
        ref text not null,
        at timestamptz not null default now()
      );
      create index on projects_pushes (project_id, at);
      create table projects_remotes (
        project_id uuid primary key references projects_projects on delete cascade,
        forge text not null,
        url text not null,
        token_secret text,
        webhook_secret text not null,
        last_sync_at timestamptz,
        last_error text,
        checked_at timestamptz
      );
      -- What a forge sent, once for each delivery; worked off in order.
      create table projects_deliveries (
        project_id uuid not null references projects_projects on delete cascade,
        id text not null,
        position bigint generated always as identity,
        event jsonb not null,
        at timestamptz not null default now(),
        done_at timestamptz,
        attempts int not null default 0,
        retry_at timestamptz not null default now(),
        primary key (project_id, id)
      );
      create index on projects_deliveries (retry_at) where done_at is null;`,
  },
];
