import type { Migration } from '../../platform/postgres/migrations.ts';

import { laterMigrations } from './later.ts';

export const errorsMigrations: Migration[] = [
  {
    id: 'errors/0001-issues',
    // Release, environment and the like are '' where an event named none, so that they can be part of keys.
    statements: `
      create table errors_issues (
        id uuid primary key,
        project_id uuid not null,
        number int not null,
        title text not null,
        type text,
        message text not null,
        culprit text not null,
        level text not null,
        platform text not null,
        handled boolean,
        status text not null,
        substatus text,
        since timestamptz not null,
        resolution jsonb,
        archive jsonb,
        first_seen timestamptz not null,
        last_seen timestamptz not null,
        first_release text not null,
        last_release text not null,
        environment text not null,
        service text not null,
        count bigint not null,
        users int not null default 0,
        assignee_id text,
        assignee_name text,
        suspect jsonb,
        files text[] not null default '{}',
        opened_event uuid,
        -- Events kept in full.
        kept int not null default 0,
        created_at timestamptz not null default now(),
        unique (project_id, number)
      );
      create index on errors_issues (project_id, status, last_seen desc, id);
      create index on errors_issues (status, last_seen desc, id);
      create index on errors_issues (project_id, first_seen desc, id);
      create index on errors_issues (project_id, created_at);

      create table errors_numbers (
        project_id uuid primary key,
        last int not null
      );

      -- What makes events one issue. Merging and splitting only ever change this table: events keep their hash.
      create table errors_hashes (
        project_id uuid not null,
        hash uuid not null,
        algorithm text not null,
        issue_id uuid not null references errors_issues on delete cascade,
        primary key (project_id, hash)
      );
      create index on errors_hashes (issue_id);

      -- Client's ids of the last days, so that an event sent twice counts once.
      create table errors_received (
        project_id uuid not null,
        event_id uuid not null,
        at timestamptz not null,
        primary key (project_id, event_id)
      );
      create index on errors_received using brin (at);

      -- Reports of some events of one batch, packed together; gone when none of them is kept.
      create table errors_blocks (
        id uuid primary key,
        live int not null,
        body bytea not null
      );
      alter table errors_blocks alter column body set storage external;
      create index on errors_blocks (live) where live <= 0;

      create table errors_events (
        id uuid primary key,
        project_id uuid not null,
        event_id uuid not null,
        issue_id uuid not null references errors_issues on delete cascade,
        hash uuid not null,
        algorithm text not null,
        at timestamptz not null,
        received_at timestamptz not null,
        title text not null,
        message text not null,
        level text not null,
        release text not null,
        environment text not null,
        service text not null,
        transaction text not null,
        user_name text not null,
        trace_id text not null,
        tags jsonb not null,
        -- Never thinned out: the first of the issue, or of one of its releases.
        landmark boolean not null,
        -- Where its report is kept.
        block_id uuid not null,
        position int not null
      );
      create index on errors_events (issue_id, received_at desc, id desc);
      create index on errors_events (event_id);

      create table errors_issue_releases (
        issue_id uuid not null references errors_issues on delete cascade,
        project_id uuid not null,
        release text not null,
        environment text not null,
        first_seen timestamptz not null,
        last_seen timestamptz not null,
        count bigint not null,
        regressed boolean not null default false,
        primary key (issue_id, release, environment)
      );
      create index on errors_issue_releases (project_id, release, issue_id);

      create table errors_issue_hours (
        issue_id uuid not null references errors_issues on delete cascade,
        hour timestamptz not null,
        count int not null,
        primary key (issue_id, hour)
      );

      create table errors_issue_users (
        issue_id uuid not null references errors_issues on delete cascade,
        user_key bigint not null,
        primary key (issue_id, user_key)
      );

      create table errors_activity (
        id bigint generated always as identity primary key,
        issue_id uuid not null references errors_issues on delete cascade,
        kind text not null,
        at timestamptz not null,
        by text not null,
        text text not null,
        release text
      );
      create index on errors_activity (issue_id, id desc);

      create table errors_outcomes (
        project_id uuid not null,
        hour timestamptz not null,
        category text not null,
        outcome text not null,
        reason text not null,
        quantity bigint not null,
        primary key (project_id, hour, category, outcome, reason)
      );

      -- Telemetry of a batch, written in the batch's transaction and removed once telemetry has it.
      create table errors_outbox (
        id uuid primary key,
        records jsonb not null,
        created_at timestamptz not null default now()
      );`,
  },
  {
    id: 'errors/0002-grouping-rules',
    // Counts are kept by hash as well, so that an issue can be split exactly. Rows of before belong to one hash of their issue.
    statements: `
      create table errors_rules (
        project_id uuid primary key,
        stack_rules text not null,
        fingerprint_rules text not null,
        changed_at timestamptz not null,
        changed_by text not null
      );

      -- Ids of issues that were merged into others, so that links to them still lead somewhere.
      create table errors_aliases (
        id uuid primary key,
        issue_id uuid not null references errors_issues on delete cascade
      );
      create index on errors_aliases (issue_id);

      alter table errors_issue_hours add column hash uuid not null default '00000000-0000-0000-0000-000000000000';
      update errors_issue_hours r set hash = h.hash
        from (select issue_id, (min(hash::text))::uuid as hash from errors_hashes group by issue_id) h
        where h.issue_id = r.issue_id;
      alter table errors_issue_hours drop constraint errors_issue_hours_pkey, add primary key (issue_id, hour, hash);

      alter table errors_issue_releases add column hash uuid not null default '00000000-0000-0000-0000-000000000000';
      update errors_issue_releases r set hash = h.hash
        from (select issue_id, (min(hash::text))::uuid as hash from errors_hashes group by issue_id) h
        where h.issue_id = r.issue_id;
      alter table errors_issue_releases drop constraint errors_issue_releases_pkey,
        add primary key (issue_id, release, environment, hash);

      alter table errors_issue_users add column hash uuid not null default '00000000-0000-0000-0000-000000000000';
      update errors_issue_users r set hash = h.hash
        from (select issue_id, (min(hash::text))::uuid as hash from errors_hashes group by issue_id) h
        where h.issue_id = r.issue_id;
      alter table errors_issue_users drop constraint errors_issue_users_pkey, add primary key (issue_id, user_key, hash);`,
  },
  {
    id: 'errors/0003-items',
    statements: `
      -- Single sessions, for as long as more may be told of them.
      create table errors_sessions (
        project_id uuid not null,
        id uuid not null,
        started_at timestamptz not null,
        release text not null,
        environment text not null,
        errored boolean not null,
        crashed boolean not null,
        abnormal boolean not null,
        unhandled boolean not null,
        primary key (project_id, id)
      );
      create index on errors_sessions using brin (started_at);

      create table errors_session_hours (
        project_id uuid not null,
        release text not null,
        environment text not null,
        hour timestamptz not null,
        total bigint not null,
        errored bigint not null,
        crashed bigint not null,
        abnormal bigint not null,
        unhandled bigint not null,
        primary key (project_id, release, environment, hour)
      );
      create index on errors_session_hours (project_id, hour);

      create table errors_session_users (
        project_id uuid not null,
        release text not null,
        environment text not null,
        day date not null,
        user_key bigint not null,
        crashed boolean not null,
        primary key (project_id, release, environment, day, user_key)
      );

      create table errors_feedback (
        id uuid primary key,
        project_id uuid not null,
        -- The client's id of the event it is about.
        event_id uuid,
        replay_id text not null,
        name text not null,
        email text not null,
        message text not null,
        url text not null,
        release text not null,
        environment text not null,
        at timestamptz not null
      );
      create index on errors_feedback (project_id, at desc, id desc);
      create index on errors_feedback (event_id);

      -- What came with events: attachments, minidumps, replays, profiles; as it came.
      create table errors_files (
        id uuid primary key,
        project_id uuid not null,
        -- The client's id of the event or of the replay.
        event_id uuid,
        kind text not null,
        name text not null,
        content_type text not null,
        size bigint not null,
        body bytea not null,
        received_at timestamptz not null
      );
      alter table errors_files alter column body set storage external;
      create index on errors_files (event_id);
      create index on errors_files (project_id, received_at);`,
  },
  {
    id: 'errors/0004-monitors',
    statements: `
      create table errors_monitors (
        id uuid primary key,
        project_id uuid not null,
        slug text not null,
        config jsonb not null,
        unique (project_id, slug)
      );

      -- How a job stands in one environment.
      create table errors_monitor_places (
        monitor_id uuid not null references errors_monitors on delete cascade,
        environment text not null,
        status text not null default 'waiting',
        next_at timestamptz,
        failures int not null default 0,
        successes int not null default 0,
        incident text not null default 'none',
        incident_at timestamptz,
        last_at timestamptz,
        primary key (monitor_id, environment)
      );
      create index on errors_monitor_places (next_at);
      create index on errors_monitor_places (incident) where incident in ('opened', 'closed');

      create table errors_check_ins (
        -- The client's.
        id uuid not null,
        monitor_id uuid not null references errors_monitors on delete cascade,
        environment text not null,
        status text not null,
        started_at timestamptz not null,
        finished_at timestamptz,
        -- Milliseconds, and how many it began after its time.
        duration bigint,
        late bigint,
        release text not null,
        primary key (monitor_id, id)
      );
      create index on errors_check_ins (monitor_id, started_at desc);
      create index on errors_check_ins (started_at) where status = 'in_progress';`,
  },
  {
    id: 'errors/0005-source-maps',
    statements: `
      -- Pieces of uploads, until they are put together.
      create table errors_chunks (
        sha1 text primary key,
        body bytea not null,
        at timestamptz not null
      );
      alter table errors_chunks alter column body set storage external;

      create table errors_bundles (
        project_id uuid not null,
        checksum text not null,
        release text not null,
        at timestamptz not null,
        -- Issues that came before it were looked through.
        adopted boolean not null default false,
        primary key (project_id, checksum)
      );
      create index on errors_bundles (project_id) where not adopted;

      create table errors_sources (
        id uuid primary key,
        project_id uuid not null,
        kind text not null,
        debug_id uuid,
        -- Addresses without their server: ~/assets/index.js
        url text not null,
        map_url text not null,
        release text not null,
        dist text not null,
        -- Deflated; empty for scripts, of which only the way to their map is kept.
        body bytea not null,
        at timestamptz not null
      );
      alter table errors_sources alter column body set storage external;
      create index on errors_sources (project_id, debug_id);
      create index on errors_sources (project_id, release, url);

      -- What upload tools said of releases.
      create table errors_known_releases (
        project_id uuid not null,
        version text not null,
        created_at timestamptz not null default now(),
        released_at timestamptz,
        commits jsonb not null,
        deploys jsonb not null,
        primary key (project_id, version)
      );
      create index on errors_known_releases (version);`,
  },
  ...laterMigrations,
];
