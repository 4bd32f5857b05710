import type { Migration } from '../../platform/postgres/migrations.ts';

export const pipelinesMigrations: Migration[] = [
  {
    id: 'pipelines/0001-runs',
    statements: `
      create table pipelines_counters (
        project_id uuid primary key,
        runs int not null default 0,
        jobs int not null default 0
      );
      create table pipelines_runs (
        id uuid primary key,
        project_id uuid not null,
        number int not null,
        status text not null,
        canceling boolean not null default false,
        dialect text,
        file text,
        trigger jsonb not null,
        sha text not null,
        branch text,
        tag text,
        trusted boolean not null,
        commit jsonb not null,
        actor jsonb not null,
        causes uuid[] not null default '{}',
        diagnostics jsonb not null default '[]',
        rerun_of uuid,
        rerun_from text,
        event uuid,
        claimed_until timestamptz,
        planned_at timestamptz,
        reported_at timestamptz,
        queued_at timestamptz not null default clock_timestamp(),
        started_at timestamptz,
        finished_at timestamptz,
        unique (project_id, number)
      );
      create index on pipelines_runs (queued_at desc, id);
      create index on pipelines_runs (project_id, branch, finished_at desc);
      create index on pipelines_runs (queued_at) where planned_at is null;
      create index on pipelines_runs (finished_at) where reported_at is null and finished_at is not null;
      create table pipelines_jobs (
        id uuid primary key,
        run_id uuid not null references pipelines_runs on delete cascade,
        project_id uuid not null,
        number int not null,
        position int not null,
        key text not null,
        name text not null,
        workflow text not null,
        kind text not null,
        node_index int not null,
        node_total int not null,
        requires jsonb not null,
        spec jsonb not null,
        status text not null,
        wanted_executor text not null,
        image text,
        executor text,
        agent text,
        epoch bigint not null default 0,
        cancel_requested_at timestamptz,
        reason text,
        approved_by jsonb,
        inherited_from uuid,
        failed_tests int not null default 0,
        queued_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz
      );
      create index on pipelines_jobs (run_id, position);
      create index on pipelines_jobs (agent) where status = 'running';
      create table pipelines_steps (
        job_id uuid not null references pipelines_jobs on delete cascade,
        number int not null,
        name text not null,
        kind text not null,
        command text,
        background boolean not null,
        status text not null,
        exit_code int,
        lines bigint not null default 0,
        shipped bigint not null default 0,
        started_at timestamptz,
        finished_at timestamptz,
        primary key (job_id, number)
      );
      create index on pipelines_steps (job_id) where shipped < lines;
      create table pipelines_artifacts (
        id uuid primary key,
        run_id uuid not null references pipelines_runs on delete cascade,
        job_id uuid not null references pipelines_jobs on delete cascade,
        path text not null,
        bytes bigint not null,
        unique (job_id, path)
      );
      create index on pipelines_artifacts (run_id);
      create table pipelines_tests (
        job_id uuid not null references pipelines_jobs on delete cascade,
        step int not null,
        position int not null,
        run_id uuid not null,
        suite text not null,
        class_name text,
        name text not null,
        file text,
        status text not null,
        duration_ms double precision not null,
        message text,
        details text,
        primary key (job_id, step, position)
      );
      create index on pipelines_tests (run_id, status);
      create table pipelines_caches (
        id uuid primary key,
        project_id uuid not null,
        scope text not null,
        key text not null,
        paths jsonb not null,
        bytes bigint not null,
        job_id uuid,
        saved_at timestamptz not null default clock_timestamp(),
        used_at timestamptz not null default clock_timestamp(),
        unique (project_id, scope, key)
      );
      create index on pipelines_caches (project_id, scope, key text_pattern_ops);
      create table pipelines_layers (
        run_id uuid not null references pipelines_runs on delete cascade,
        job_id uuid not null references pipelines_jobs on delete cascade,
        job_key text not null,
        node_index int not null,
        step int not null,
        file text not null,
        bytes bigint not null,
        paths jsonb not null,
        primary key (job_id, step)
      );
      create index on pipelines_layers (run_id);`,
  },
  {
    id: 'pipelines/0002-continuation-schedules-locks',
    statements: `
      alter table pipelines_runs
        add column continuation_key text unique,
        add column setup jsonb,
        add column auto_reruns jsonb,
        add column rerun_considered_at timestamptz;
      update pipelines_runs set rerun_considered_at = clock_timestamp() where finished_at is not null;
      create index on pipelines_runs (finished_at) where auto_reruns is not null and rerun_considered_at is null;
      create table pipelines_continuations (
        run_id uuid primary key references pipelines_runs on delete cascade,
        configuration text not null,
        parameters jsonb not null,
        continued_at timestamptz not null default clock_timestamp()
      );
      create table pipelines_schedules (
        project_id uuid not null,
        branch text not null,
        workflow text not null,
        cron text not null,
        next_at timestamptz not null,
        last_run_id uuid,
        primary key (project_id, branch, workflow, cron)
      );
      create index on pipelines_schedules (next_at);
      create table pipelines_locks (
        key text primary key,
        run_id uuid not null references pipelines_runs on delete cascade,
        taken_at timestamptz not null default clock_timestamp()
      );
      create index on pipelines_locks (run_id);
      create index on pipelines_jobs (kind, queued_at) where kind = 'lock' and status = 'queued';
      create index on pipelines_jobs (project_id, (spec->>'serialGroup')) where status in ('queued', 'running');
      alter table pipelines_caches add column template text, add column inputs jsonb;`,
  },
  {
    // How far the lines reach that are being written to telemetry; null while none are.
    id: 'pipelines/0003-shipping',
    statements: 'alter table pipelines_steps add column shipping bigint;',
  },
  {
    // How each restore_cache step went, and which inputs of its key had changed.
    id: 'pipelines/0004-cache-lookups',
    statements: `
      create table pipelines_cache_lookups (
        job_id uuid not null references pipelines_jobs on delete cascade,
        step int not null,
        lookup jsonb not null,
        primary key (job_id, step)
      );
      create index on pipelines_caches (project_id, template, saved_at desc);`,
  },
  {
    // Which jobs require which: a transition reads those it can reach, not the whole run.
    id: 'pipelines/0005-edges',
    statements: `
      create table pipelines_edges (
        run_id uuid not null references pipelines_runs on delete cascade,
        required text not null,
        job_id uuid not null references pipelines_jobs on delete cascade,
        primary key (run_id, required, job_id)
      );
      create index on pipelines_edges (job_id);
      insert into pipelines_edges (run_id, required, job_id)
        select distinct run_id, requirement->>'key', id
        from pipelines_jobs, jsonb_array_elements(requires) requirement where finished_at is null;
      create index on pipelines_jobs (run_id, key);
      create index on pipelines_jobs (run_id, status);`,
  },
  {
    // Workspaces of runs that ended long ago: what they were is known, their files are gone.
    id: 'pipelines/0006-retention',
    statements: 'alter table pipelines_layers add column removed_at timestamptz;',
  },
];
