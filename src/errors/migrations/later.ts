import type { Migration } from '../../platform/postgres/migrations.ts';

/** From 0006 on. */
export const laterMigrations: Migration[] = [
  {
    id: 'errors/0006-priority',
    statements: `
      alter table errors_issues add column priority text not null default 'high',
        add column priority_locked boolean not null default false;
      update errors_issues set priority = case level when 'warning' then 'medium' when 'info' then 'low'
        when 'debug' then 'low' else 'high' end;
      create index on errors_issue_hours (hour);`,
  },
  {
    id: 'errors/0007-project-events',
    statements: 'create index on errors_events (project_id, received_at desc, id desc);',
  },
  {
    id: 'errors/0008-settings',
    statements: `
      create table errors_settings (
        project_id uuid primary key,
        filters jsonb not null,
        scrubbing jsonb not null,
        ownership text not null,
        changed_at timestamptz not null,
        changed_by text not null
      );
      -- Whom the rules name for an issue, and which rule it was.
      alter table errors_issues add column ownership jsonb;`,
  },
  {
    id: 'errors/0009-evidence',
    // What happened around its appearance, ranked.
    statements: 'alter table errors_issues add column evidence jsonb;',
  },
  {
    id: 'errors/0010-saved-views',
    statements: `
      -- Searches of issues that people gave a name.
      create table errors_saved_views (
        id uuid primary key,
        project_id uuid,
        owner_id text not null,
        owner_name text not null,
        name text not null,
        search text not null,
        status text not null,
        environment text,
        sort text not null,
        shared boolean not null
      );
      create unique index on errors_saved_views
        (owner_id, coalesce(project_id, '00000000-0000-0000-0000-000000000000'), lower(name));`,
  },
  {
    id: 'errors/0011-telling',
    // Projects whose telemetry told of exceptions: theirs may come twice, by a client too.
    statements: 'create table errors_telling (project_id uuid primary key);',
  },
  {
    id: 'errors/0012-searches',
    // What search and the list of releases ask for, of millions of events.
    statements: `
      create index on errors_events (lower(user_name) text_pattern_ops, issue_id) where user_name <> '';
      create index on errors_events (trace_id) where trace_id <> '';
      create index on errors_events using gin ((lower(tags::text)::jsonb) jsonb_path_ops);
      create index on errors_issue_users (user_key, issue_id);
      create index on errors_issues (project_id, first_release);
      create index on errors_issues (project_id, status, count desc, id);
      create index on errors_issues (project_id, status, users desc, id);
      create index on errors_issue_releases (project_id, release, issue_id) where regressed;`,
  },
  {
    id: 'errors/0013-tag-pairs',
    // Name and value of a tag as one key: of a tag that all have, only the value asked for is looked at.
    statements: `
      drop index errors_events_lower_idx;
      create index on errors_events using gin ((replace(lower(tags::text), '", "', '=')::jsonb) jsonb_path_ops);`,
  },
  {
    id: 'errors/0014-session-times',
    // The first and the last session of an hour; unknown of hours counted before.
    statements: 'alter table errors_session_hours add column first_at timestamptz, add column last_at timestamptz;',
  },
  {
    id: 'errors/0015-artifact-maps',
    statements: `
      -- Of maps that were among the artifacts of a run: the name of their script, the run, and SHA-1 of the text.
      alter table errors_sources add column script text, add column run_id uuid, add column checksum text;
      create index on errors_sources (project_id, script, at) where script is not null;
      create index on errors_sources (run_id) where run_id is not null;`,
  },
];
