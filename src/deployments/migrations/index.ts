import type { Migration } from '../../platform/postgres/migrations.ts';

export const deploymentMigrations: Migration[] = [
  {
    id: 'deployments/0001-beginning',
    statements: `
      create table deployments_environments (
        id uuid primary key,
        project_id uuid not null,
        name text not null,
        position int not null,
        plan jsonb not null,
        active_deployment uuid,
        last_good_deployment uuid,
        -- No longer named by millrace.yaml: keeps what it has, is fed by nothing.
        detached boolean not null default false,
        created_at timestamptz not null default now(),
        unique (project_id, name)
      );
      create table deployments_variables (
        environment_id uuid not null references deployments_environments (id),
        version int not null,
        variables jsonb not null,
        actor jsonb not null,
        at timestamptz not null default now(),
        primary key (environment_id, version)
      );
      create table deployments_releases (
        id uuid primary key,
        project_id uuid not null,
        number int not null,
        version text not null,
        sha text not null,
        branch text,
        run_id uuid,
        status text not null default 'queued',
        reason text,
        message text,
        runtime text,
        file jsonb,
        services jsonb not null default '[]',
        outputs jsonb not null default '[]',
        problems jsonb not null default '[]',
        found text not null default '',
        settings_version int not null default 0,
        actor jsonb not null,
        causes uuid[] not null default '{}',
        requested_event uuid,
        attempts int not null default 0,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        lease_owner text,
        lease_epoch int not null default 0,
        lease_until timestamptz,
        unique (project_id, number)
      );
      create unique index on deployments_releases (project_id, run_id) where run_id is not null;
      create index on deployments_releases (created_at) where status in ('queued', 'building');
      create table deployments_build_lines (
        release_id uuid not null references deployments_releases (id),
        number int not null,
        at timestamptz not null,
        service text not null,
        line text not null,
        primary key (release_id, number)
      );
      create table deployments_deployments (
        id uuid primary key,
        sequence bigint generated always as identity,
        project_id uuid not null,
        environment_id uuid not null references deployments_environments (id),
        release_id uuid not null references deployments_releases (id),
        kind text not null,
        status text not null,
        settings_version int not null,
        previous_deployment uuid,
        reason text,
        actor jsonb not null,
        approved_by jsonb,
        causes uuid[] not null default '{}',
        last_event uuid,
        cancel jsonb,
        roll_back jsonb,
        state jsonb,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        switched_at timestamptz,
        finished_at timestamptz,
        lease_owner text,
        lease_epoch int not null default 0,
        lease_until timestamptz
      );
      create index on deployments_deployments (environment_id, sequence desc);
      create index on deployments_deployments (project_id, sequence desc);
      create index on deployments_deployments (environment_id) where finished_at is null;
      create table deployments_answers (
        deployment_id uuid not null references deployments_deployments (id),
        gate int not null,
        at timestamptz not null,
        verdict text not null,
        value float8,
        explanation text not null,
        primary key (deployment_id, gate, at)
      );
      create table deployments_instances (
        instance_id text primary key,
        environment_id uuid not null references deployments_environments (id),
        deployment_id uuid,
        service text not null,
        state text not null,
        health text not null,
        detail text not null,
        host text,
        port int,
        started_at timestamptz not null default now(),
        lines_until timestamptz
      );
      create index on deployments_instances (environment_id);
      create table deployments_bad_releases (
        environment_id uuid not null references deployments_environments (id),
        release_id uuid not null references deployments_releases (id),
        reason text not null,
        at timestamptz not null default now(),
        primary key (environment_id, release_id)
      );`,
  },
  {
    id: 'deployments/0002-forgotten',
    statements: `
      create table deployments_forgotten (
        environment_id uuid primary key,
        at timestamptz not null default now()
      );`,
  },
  {
    id: 'deployments/0003-retention',
    statements: `
      alter table deployments_releases
        -- Its images or directories are gone or about to go.
        add column removed_at timestamptz,
        -- Who asked for them to be made again.
        add column rebuild jsonb;
      -- Build outputs nobody needs any more and that are still there.
      create table deployments_discards (
        id uuid primary key,
        release_id uuid not null,
        version text not null,
        outputs jsonb not null,
        at timestamptz not null default now()
      );
      create index on deployments_discards (release_id);`,
  },
  {
    id: 'deployments/0004-reported',
    statements: `
      alter table deployments_deployments add column reported boolean not null default false;
      update deployments_deployments set reported = true where finished_at is not null;
      create index on deployments_deployments (finished_at) where not reported and finished_at is not null;`,
  },
  {
    id: 'deployments/0005-lines',
    statements: `
      -- Positions in milliseconds, as exact as they were measured; up to lines_sending a server may have sent already.
      alter table deployments_instances add column lines_after float8, add column lines_sending float8;
      update deployments_instances set lines_after = extract(epoch from lines_until) * 1000;
      alter table deployments_instances drop column lines_until;`,
  },
];
