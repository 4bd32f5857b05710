import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { ErrorPage, NotFoundPage } from './error-page.tsx';
import { projectsQuery } from './project.ts';
import { present, readCount, readText, readTexts, readWord } from './search.ts';
import { statusQuery } from './session.ts';
import { Shell } from './shell.tsx';

interface Context {
  queries: QueryClient;
}

type Given = Record<string, unknown>;

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: ErrorPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (given: Given): { next?: string | undefined } => readTexts(given, 'next'),
  component: lazyRouteComponent(() => import('../rooms/identity/login.tsx'), 'LoginPage'),
});

const claim = createRoute({
  getParentRoute: () => root,
  path: '/claim',
  component: lazyRouteComponent(() => import('../rooms/identity/claim.tsx'), 'ClaimPage'),
});

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('../rooms/identity/join.tsx'), 'JoinPage'),
});

/** Everything behind the sign-in. The chosen project stays in the address from page to page. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  validateSearch: (given: Given): { project?: string | undefined } => readTexts(given, 'project'),
  search: { middlewares: [retainSearchParams(['project'])] },
  beforeLoad: async ({ context, location }) => {
    const status = await context.queries.ensureQueryData(statusQuery);
    if (!status.me) throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
  },
  component: Shell,
  errorComponent: ErrorPage,
  notFoundComponent: NotFoundPage,
});

const inShell = { getParentRoute: () => shell } as const;

const overview = createRoute({
  ...inShell,
  path: '/',
  component: lazyRouteComponent(() => import('../rooms/overview/overview.tsx'), 'OverviewPage'),
});

const connect = createRoute({
  ...inShell,
  path: '/connect',
  component: lazyRouteComponent(() => import('../rooms/projects/connect.tsx'), 'ConnectPage'),
});

const timeline = createRoute({
  ...inShell,
  path: '/timeline',
  validateSearch: (given: Given) => readTexts(given, 'room', 'q', 'since', 'until', 'event'),
  component: lazyRouteComponent(() => import('../rooms/insights/timeline.tsx'), 'TimelinePage'),
});

const event = createRoute({
  ...inShell,
  path: '/events/$eventId',
  component: lazyRouteComponent(() => import('../rooms/insights/event.tsx'), 'EventPage'),
});

const pipelines = createRoute({
  ...inShell,
  path: '/pipelines',
  validateSearch: (given: Given) => readTexts(given, 'branch', 'status', 'sort'),
  component: lazyRouteComponent(() => import('../rooms/pipelines/runs.tsx'), 'RunsPage'),
});

const run = createRoute({
  ...inShell,
  path: '/runs/$runId',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'job'),
      tab: readWord(given, 'tab', ['timing', 'tests', 'artifacts', 'file']),
      step: readCount(given, 'step'),
      line: readCount(given, 'line', 1),
    }),
  component: lazyRouteComponent(() => import('../rooms/pipelines/run.tsx'), 'RunPage'),
});

const deployments = createRoute({
  ...inShell,
  path: '/deployments',
  validateSearch: (given: Given) => present({ tab: readWord(given, 'tab', ['history', 'releases', 'routes']) }),
  component: lazyRouteComponent(() => import('../rooms/deployments/deployments.tsx'), 'DeploymentsPage'),
});

const deployment = createRoute({
  ...inShell,
  path: '/deployments/$deploymentId',
  component: lazyRouteComponent(() => import('../rooms/deployments/deployment.tsx'), 'DeploymentPage'),
});

const environment = createRoute({
  ...inShell,
  path: '/environments/$environmentId',
  validateSearch: (given: Given) => present({ tab: readWord(given, 'tab', ['variables', 'history']) }),
  component: lazyRouteComponent(() => import('../rooms/deployments/environment.tsx'), 'EnvironmentPage'),
});

const release = createRoute({
  ...inShell,
  path: '/releases/$releaseId',
  component: lazyRouteComponent(() => import('../rooms/deployments/release.tsx'), 'ReleasePage'),
});

const errors = createRoute({
  ...inShell,
  path: '/errors',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'q', 'environment', 'release'),
      status: readWord(given, 'status', ['resolved', 'archived', 'all']),
      sort: readWord(given, 'sort', ['firstSeen', 'count', 'users']),
      period: readWord(given, 'period', ['7d', '30d']),
      tab: readWord(given, 'tab', ['releases']),
    }),
  component: lazyRouteComponent(() => import('../rooms/errors/issues.tsx'), 'IssuesPage'),
});

const errorRelease = createRoute({
  ...inShell,
  path: '/errors/releases/$project/$release',
  validateSearch: (given: Given): { with?: string | undefined } => readTexts(given, 'with'),
  component: lazyRouteComponent(() => import('../rooms/errors/release.tsx'), 'ErrorReleasePage'),
});

const issue = createRoute({
  ...inShell,
  path: '/errors/$issueId',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'event'),
      tab: readWord(given, 'tab', ['events', 'tags', 'activity', 'grouping']),
    }),
  component: lazyRouteComponent(() => import('../rooms/errors/issue.tsx'), 'IssuePage'),
});

const explore = createRoute({
  ...inShell,
  path: '/explore',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'q', 'since', 'text', 'service', 'environment', 'level', 'trace'),
      tab: readWord(given, 'tab', ['logs', 'traces', 'sql']),
      view: readWord(given, 'view', ['patterns']),
      from: readCount(given, 'from'),
      to: readCount(given, 'to'),
    }),
  component: lazyRouteComponent(() => import('../rooms/telemetry/explore.tsx'), 'ExplorePage'),
});

const services = createRoute({
  ...inShell,
  path: '/services',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'since', 'environment'),
      tab: readWord(given, 'tab', ['map']),
      from: readCount(given, 'from'),
      to: readCount(given, 'to'),
    }),
  component: lazyRouteComponent(() => import('../rooms/performance/services.tsx'), 'ServicesPage'),
});

const service = createRoute({
  ...inShell,
  path: '/services/$service',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(given, 'since', 'environment'),
      from: readCount(given, 'from'),
      to: readCount(given, 'to'),
    }),
  component: lazyRouteComponent(() => import('../rooms/performance/service.tsx'), 'ServicePage'),
});

const dashboards = createRoute({
  ...inShell,
  path: '/dashboards',
  component: lazyRouteComponent(() => import('../rooms/dashboards/dashboards.tsx'), 'DashboardsPage'),
});

const dashboard = createRoute({
  ...inShell,
  path: '/dashboards/$dashboardId',
  validateSearch: (given: Given) =>
    present({
      ...readTexts(
        given,
        'since',
        ...Object.keys(given).filter((name): name is `var-${string}` => name.startsWith('var-')),
      ),
      page: readCount(given, 'page', 1),
      from: readCount(given, 'from'),
      to: readCount(given, 'to'),
      edit: given.edit === 'true' || given.edit === true ? true : undefined,
      works: given.works === 'true' || given.works === true ? true : undefined,
    }),
  component: lazyRouteComponent(() => import('../rooms/dashboards/dashboard.tsx'), 'DashboardPage'),
});

const monitoring = createRoute({
  ...inShell,
  path: '/monitoring',
  validateSearch: (given: Given) =>
    present({ ...readTexts(given, 'sort', 'state'), tab: readWord(given, 'tab', ['jobs']) }),
  component: lazyRouteComponent(() => import('../rooms/monitoring/checks.tsx'), 'ChecksPage'),
});

const job = createRoute({
  ...inShell,
  path: '/monitoring/jobs/$monitorId',
  component: lazyRouteComponent(() => import('../rooms/monitoring/job.tsx'), 'JobPage'),
});

const check = createRoute({
  ...inShell,
  path: '/monitoring/$checkId',
  component: lazyRouteComponent(() => import('../rooms/monitoring/check.tsx'), 'CheckPage'),
});

const alerts = createRoute({
  ...inShell,
  path: '/alerts',
  validateSearch: (given: Given) =>
    present({
      tab: readWord(given, 'tab', ['conditions', 'channels', 'deliveries']),
      state: readWord(given, 'state', ['closed']),
    }),
  component: lazyRouteComponent(() => import('../rooms/alerts/alerts.tsx'), 'AlertsPage'),
});

const settings = createRoute({
  ...inShell,
  path: '/settings',
  validateSearch: (given: Given): { tab?: string | undefined } => readTexts(given, 'tab'),
  component: lazyRouteComponent(() => import('../rooms/settings/settings.tsx'), 'SettingsPage'),
});

const projects = createRoute({
  ...inShell,
  path: '/projects',
  beforeLoad: () => {
    throw redirect({ to: '/settings', search: { tab: 'projects' }, replace: true });
  },
});

const project = createRoute({
  ...inShell,
  path: '/projects/$projectSlug',
  validateSearch: (given: Given): { tab?: string | undefined; environment?: string | undefined } => ({
    ...readTexts(given, 'tab', 'environment'),
  }),
  component: lazyRouteComponent(() => import('../rooms/projects/project.tsx'), 'ProjectPage'),
});

/** Short addresses, as git prints them after a push: `/shop`, `/shop/runs/<id>`. */
const bySlug = createRoute({
  ...inShell,
  path: '/$slug',
  beforeLoad: async ({ context, params }) => {
    const { items } = await context.queries.ensureQueryData(projectsQuery);
    if (!items.some((one) => one.slug === params.slug)) throw notFound();
    throw redirect({ to: '/', search: { project: params.slug } });
  },
});

const runBySlug = createRoute({
  ...inShell,
  path: '/$slug/runs/$runId',
  beforeLoad: ({ params, search }) => {
    const { runId, slug } = params;
    throw redirect({ to: '/runs/$runId', params: { runId }, search: { ...search, project: slug } });
  },
});

const tree = root.addChildren([
  signIn,
  claim,
  join,
  shell.addChildren([
    overview,
    connect,
    timeline,
    event,
    pipelines,
    run,
    deployments,
    deployment,
    environment,
    release,
    errors,
    issue,
    errorRelease,
    explore,
    services,
    service,
    dashboards,
    dashboard,
    monitoring,
    check,
    job,
    alerts,
    settings,
    projects,
    project,
    bySlug,
    runBySlug,
  ]),
]);

/** Makes the router; pages load when they are first headed for. */
export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingMs: 150,
    // Addresses stay plain: texts without quotes.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(search)) {
        const shown = readText(search, name);
        if (value !== undefined && shown !== undefined) query.set(name, shown);
      }
      const written = query.toString();
      return written ? `?${written}` : '';
    },
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
