import { z } from 'zod';
import { type Operation, pageOf, pageQuery } from '../../platform/http/contract.ts';
import { errorRelease } from '../views.ts';
import { releaseComparison, releaseDetail } from './views.ts';

const releaseParams = z.object({ project: z.string(), release: z.string().max(200) });

/** The operations of the room's contract that are about releases. */
export const releaseOperations = {
  listReleases: {
    method: 'GET',
    path: '/errors/releases',
    summary: 'List releases that were deployed, or seen in errors or sessions, latest first, with their health',
    role: 'viewer',
    query: z.object({
      project: z.string().optional(),
      environment: z.string().optional(),
      release: z.string().optional(),
      ...pageQuery,
    }),
    response: pageOf(errorRelease),
  },
  getRelease: {
    method: 'GET',
    path: '/errors/projects/:project/releases/:release',
    summary: 'Show how a release fares: commits, deployments, health, new and regressed issues',
    role: 'viewer',
    params: releaseParams,
    query: z.object({ environment: z.string().optional() }),
    response: releaseDetail,
  },
  compareReleases: {
    method: 'GET',
    path: '/errors/projects/:project/releases/:release/comparison',
    summary: 'Compare two releases: health, commits between them, issues of the one and of the other',
    role: 'viewer',
    params: releaseParams,
    query: z.object({ with: z.string().max(200), environment: z.string().optional() }),
    response: releaseComparison,
  },
} as const satisfies Record<string, Operation>;
