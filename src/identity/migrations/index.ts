import type { Migration } from '../../platform/postgres/migrations.ts';

export const identityMigrations: Migration[] = [
  {
    id: 'identity/0001-people',
    statements: `
      create table identity_people (
        id uuid primary key,
        name text not null,
        email text not null unique,
        password_hash text not null,
        role text not null check (role in ('viewer', 'developer', 'maintainer', 'owner')),
        git_emails text[] not null default '{}',
        created_at timestamptz not null default now(),
        last_seen_at timestamptz
      );
      create index on identity_people using gin (git_emails);
      create table identity_sessions (
        id uuid primary key,
        token_hash bytea not null unique,
        person_id uuid not null references identity_people on delete cascade,
        user_agent text not null,
        address text not null,
        created_at timestamptz not null,
        last_seen_at timestamptz not null,
        expires_at timestamptz not null
      );
      create index on identity_sessions (person_id);
      create table identity_tokens (
        id uuid primary key,
        token_hash bytea not null unique,
        prefix text not null,
        name text not null,
        person_id uuid not null references identity_people on delete cascade,
        role text not null,
        scopes text[],
        created_at timestamptz not null,
        expires_at timestamptz,
        last_used_at timestamptz
      );
      create index on identity_tokens (person_id);
      create table identity_links (
        id uuid primary key,
        token_hash bytea not null unique,
        kind text not null check (kind in ('owner', 'invitation')),
        email text,
        role text,
        invited_by text,
        created_at timestamptz not null,
        expires_at timestamptz not null
      );
      create table identity_attempts (
        key text primary key,
        count int not null,
        last_at timestamptz not null
      );`,
  },
];
