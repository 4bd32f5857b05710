import type { Migration } from '../../platform/postgres/migrations.ts';

export const alertMigrations: Migration[] = [
  {
    id: 'alerts/0001-alerts',
    statements: `
      create table alerts_conditions (
        id uuid primary key,
        project_id uuid,
        settings jsonb not null,
        facets jsonb not null default '[]',
        next_at timestamptz not null default now(),
        evaluated_at timestamptz,
        error text,
        version int not null default 1,
        epoch int not null default 0,
        lease_until timestamptz,
        created_at timestamptz not null default now()
      );
      create index on alerts_conditions (next_at);
      create table alerts_incidents (
        id uuid primary key,
        project_id uuid,
        condition_id uuid not null,
        name text not null,
        severity text not null,
        facet text,
        service text,
        environment text,
        nrql text not null,
        state text not null,
        reason text not null,
        value float8,
        opened_at timestamptz not null,
        acknowledged_at timestamptz,
        acknowledged_by text,
        closed_at timestamptz,
        event_id uuid not null
      );
      create unique index on alerts_incidents (condition_id, coalesce(facet, '')) where state <> 'closed';
      create index on alerts_incidents (project_id, id desc);
      create table alerts_channels (
        id uuid primary key,
        name text not null,
        enabled boolean not null,
        is_default boolean not null,
        kind text not null,
        settings jsonb not null,
        sealed_secret text,
        version int not null default 1,
        created_at timestamptz not null default now()
      );
      create unique index on alerts_channels (kind) where kind = 'mail' and is_default;
      create table alerts_deliveries (
        id uuid primary key,
        key text not null unique,
        channel_id uuid,
        channel text not null,
        kind text not null,
        recipient text not null,
        subject text not null,
        body text not null,
        html text,
        payload jsonb not null,
        causes uuid[] not null,
        project_id uuid,
        state text not null,
        attempts int not null default 0,
        detail text not null default '',
        created_at timestamptz not null,
        finished_at timestamptz
      );
      create index on alerts_deliveries (state, id desc);`,
  },
];
