import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';
import { dashboardDocument } from './document.ts';

export type { DashboardDocument, Widget } from './document.ts';

const at = z.iso.datetime();

const summary = {
  id: z.uuid(),
  projectId: z.uuid().nullable(),
  name: z.string(),
  description: z.string().nullable(),
  pages: z.number().int(),
  widgets: z.number().int(),
  /** Made by a person here, or kept in the project's repository (then it follows the file and is not changed here). */
  source: z.enum(['person', 'repository']),
  /** Path of the file in the repository. */
  path: z.string().nullable(),
  updatedAt: at,
  updatedBy: z.string(),
  version: z.number().int(),
};

const dashboardSummary = z.object(summary);
const dashboardView = z.object({ ...summary, document: dashboardDocument });
export type DashboardView = z.output<typeof dashboardView>;
export type DashboardSummary = z.output<typeof dashboardSummary>;

const byId = z.object({ id: z.uuid() });
const written = z.record(z.string(), z.unknown()).describe('A dashboard in New Relic’s JSON format');

/** Dashboards in New Relic's own format. */
export const dashboardsApi = defineContract('dashboards', {
  listDashboards: {
    method: 'GET',
    path: '/dashboards',
    summary: 'List dashboards by name',
    role: 'viewer',
    query: z.object({ project: z.string().optional().describe('Id or slug'), ...pageQuery }),
    response: pageOf(dashboardSummary),
  },
  getDashboard: {
    method: 'GET',
    path: '/dashboards/:id',
    summary: 'Show a dashboard',
    role: 'viewer',
    params: byId,
    response: dashboardView,
    etag: 'version',
  },
  createDashboard: {
    method: 'POST',
    path: '/dashboards',
    summary: 'Create a dashboard, or import one',
    role: 'developer',
    body: z.object({ project: z.string().nullable().default(null).describe('Id or slug'), document: written }),
    response: dashboardView,
    creates: true,
  },
  updateDashboard: {
    method: 'PUT',
    path: '/dashboards/:id',
    summary: 'Change a dashboard',
    role: 'developer',
    params: byId,
    body: z.object({ document: written }),
    response: dashboardView,
    etag: 'version',
  },
  deleteDashboard: {
    method: 'DELETE',
    path: '/dashboards/:id',
    summary: 'Delete a dashboard',
    role: 'developer',
    params: byId,
    response: z.object({ done: z.literal(true) }),
  },
});
