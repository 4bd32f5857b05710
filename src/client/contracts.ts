import type { agentsApi } from '../agents/api.ts';
import type { alertsApi } from '../alerts/api.ts';
import type { dashboardsApi } from '../dashboards/api.ts';
import type { deploymentsApi } from '../deployments/api.ts';
import type { errorsContract } from '../errors/api.ts';
import type { identityContract } from '../identity/api.ts';
import type { insightsContract } from '../insights/api.ts';
import type { monitoringApi } from '../monitoring/api.ts';
import type { pipelinesApi } from '../pipelines/api.ts';
import type { healthContract } from '../platform/http/health-api.ts';
import type { projectsContract } from '../projects/api.ts';
import type { secretsContract } from '../secrets/api.ts';
import type { telemetryApi } from '../telemetry/api.ts';

/** The contracts by room, as types only: no schema reaches the browser. */
export interface Contracts {
  identity: typeof identityContract;
  projects: typeof projectsContract;
  secrets: typeof secretsContract;
  pipelines: typeof pipelinesApi;
  agents: typeof agentsApi;
  deployments: typeof deploymentsApi;
  errors: typeof errorsContract;
  telemetry: typeof telemetryApi;
  monitoring: typeof monitoringApi;
  alerts: typeof alertsApi;
  dashboards: typeof dashboardsApi;
  insights: typeof insightsContract;
  health: typeof healthContract;
}
