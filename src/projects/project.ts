import { Fault } from '../kernel/faults.ts';

/** 2 to 60 of a-z, 0-9 and single dashes inside: safe as a path segment, a host label and a directory. */
export const slugPattern = /^[a-z0-9](?:-?[a-z0-9]){1,59}$/;

/** First path segments of the web app; a project of that name would hide a page. */
const reserved = new Set([
  'api',
  'git',
  'hooks',
  'assets',
  'v1',
  'login',
  'join',
  'claim',
  'settings',
  'timeline',
  'pipelines',
  'deployments',
  'errors',
  'explore',
  'monitoring',
  'alerts',
  'projects',
  'new',
]);

/** A team's repository and everything that happens to it. */
export interface Project {
  id: string;
  slug: string;
  name: string;
  defaultBranch: string;
  /** Small integer that DSNs carry in place of the id. */
  ingestId: number;
  /** The public half of the DSN, 32 hex digits: tells which project an event is for, and protects nothing. */
  publicKey: string;
  settings: ProjectSettings;
  /** Grows by one with each change; the ETag. */
  version: number;
  /** Unix milliseconds. */
  createdAt: number;
  updatedAt: number;
}

export interface ProjectSettings {
  description: string;
  pushLimitBytes: number;
  buildForks: boolean;
  autoCancel: boolean;
}

export const defaultSettings: ProjectSettings = {
  description: '',
  pushLimitBytes: 2_000_000_000,
  buildForks: false,
  autoCancel: false,
};

/** The slug a name suggests: lower case, everything else a dash. May be too short to be valid; check it. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
}

/** Throws an `invalid` Fault unless the text can be a project's slug. */
export function checkSlug(slug: string): string {
  if (!slugPattern.test(slug)) {
    throw new Fault('invalid', `"${slug}" cannot be a slug`, {
      code: 'projects.slug',
      hint: 'Use 2 to 60 of a-z, 0-9 and single dashes inside, for example "shop-web".',
    });
  }
  if (reserved.has(slug)) {
    throw new Fault('invalid', `"${slug}" is the name of a page`, {
      code: 'projects.slug-reserved',
      hint: 'Choose another slug, for example with the name of the team in front.',
    });
  }
  return slug;
}

/** The address Sentry SDKs and OTLP exporters are given: `http://<key>@<host>/<ingest id>`. */
export function dsnOf(project: Pick<Project, 'publicKey' | 'ingestId'>, baseUrl: string): string {
  const url = new URL(baseUrl);
  return `${url.protocol}//${project.publicKey}@${url.host}${url.pathname.replace(/\/$/, '')}/${project.ingestId}`;
}
