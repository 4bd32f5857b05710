import type { Migration } from '../../platform/postgres/migrations.ts';

export const secretsMigrations: Migration[] = [
  {
    id: 'secrets/0001-secrets',
    statements: `
      create table secrets_contexts (
        id uuid primary key,
        name text not null unique,
        description text not null,
        project_ids uuid[],
        created_at timestamptz not null default now()
      );
      -- Belongs to a context, or to a project, or to an environment of a project.
      create table secrets_values (
        id uuid primary key,
        context_id uuid references secrets_contexts on delete cascade,
        project_id uuid,
        environment text,
        name text not null,
        sealed text not null,
        fingerprint text not null,
        version int not null default 1,
        updated_at timestamptz not null default now(),
        updated_by text not null,
        last_read_at timestamptz,
        check ((context_id is null) <> (project_id is null)),
        check (environment is null or project_id is not null),
        unique nulls not distinct (context_id, project_id, environment, name)
      );
      create index on secrets_values (project_id, environment);
      create table secrets_accesses (
        id bigint generated always as identity primary key,
        at timestamptz not null default now(),
        name text not null,
        scope text not null,
        project_id uuid,
        reader text not null
      );
      create index on secrets_accesses (project_id, id desc);
      create index on secrets_accesses (at);`,
  },
  {
    // What signs the tokens by which jobs prove to others who they are.
    id: 'secrets/0002-signing-keys',
    statements: `
      create table secrets_signing_keys (
        kid text primary key,
        jwk jsonb not null,
        sealed text not null,
        created_at timestamptz not null default now()
      );`,
  },
];
