import { agentsApi } from '../agents/api.ts';
import { alertsApi } from '../alerts/api.ts';
import { dashboardsApi } from '../dashboards/api.ts';
import { deploymentsApi } from '../deployments/api.ts';
import { errorsContract } from '../errors/api.ts';
import { identityContract } from '../identity/api.ts';
import { insightsContract } from '../insights/api.ts';
import { monitoringApi } from '../monitoring/api.ts';
import { pipelinesApi } from '../pipelines/api.ts';
import type { Contract } from '../platform/http/contract.ts';
import { healthContract } from '../platform/http/health-api.ts';
import { projectsContract } from '../projects/api.ts';
import { secretsContract } from '../secrets/api.ts';
import { telemetryApi } from '../telemetry/api.ts';

/** Every contract of the program, in the order the API document lists them. */
export const contracts: Contract[] = [
  identityContract,
  projectsContract,
  secretsContract,
  pipelinesApi,
  agentsApi,
  deploymentsApi,
  errorsContract,
  telemetryApi,
  monitoringApi,
  alertsApi,
  dashboardsApi,
  insightsContract,
  healthContract,
];
