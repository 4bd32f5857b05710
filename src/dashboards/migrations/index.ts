import type { Migration } from '../../platform/postgres/migrations.ts';

export const dashboardsMigrations: Migration[] = [
  {
    id: 'dashboards/0001-dashboards',
    statements: `
      create table dashboards_dashboards (
        id uuid primary key,
        project_id uuid,
        name text not null,
        document jsonb not null,
        path text,
        updated_by text not null,
        updated_at timestamptz not null default now(),
        version int not null default 1,
        unique (project_id, path)
      );
      create index on dashboards_dashboards (lower(name), id);`,
  },
];
