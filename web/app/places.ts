import {
  Activity,
  Bug,
  CircleGauge,
  GitCommitHorizontal,
  LayoutDashboard,
  type LucideIcon,
  Rocket,
  Search,
  Settings,
  Siren,
  Waypoints,
  Workflow,
} from 'lucide-react';

export interface Place {
  to:
    | '/'
    | '/timeline'
    | '/pipelines'
    | '/deployments'
    | '/errors'
    | '/services'
    | '/explore'
    | '/dashboards'
    | '/monitoring'
    | '/alerts'
    | '/settings';
  name: string;
  icon: LucideIcon;
  /** After `g`. */
  key: string;
  /** Words people search for it by. */
  words: string;
}

/** The places of the product, in the order of the navigation. */
export const places: Place[] = [
  { to: '/', name: 'Overview', icon: CircleGauge, key: 'o', words: 'home dashboard environments' },
  {
    to: '/timeline',
    name: 'Timeline',
    icon: GitCommitHorizontal,
    key: 't',
    words: 'events audit history what changed',
  },
  { to: '/pipelines', name: 'Pipelines', icon: Workflow, key: 'p', words: 'runs builds ci jobs tests' },
  {
    to: '/deployments',
    name: 'Deployments',
    icon: Rocket,
    key: 'd',
    words: 'releases environments rollouts roll back',
  },
  { to: '/errors', name: 'Errors', icon: Bug, key: 'e', words: 'issues exceptions crashes sentry' },
  {
    to: '/services',
    name: 'Services',
    icon: Waypoints,
    key: 'v',
    words: 'apm service map throughput apdex transactions',
  },
  { to: '/explore', name: 'Explore', icon: Search, key: 'x', words: 'nrql query logs metrics traces charts' },
  { to: '/dashboards', name: 'Dashboards', icon: LayoutDashboard, key: 'b', words: 'charts boards new relic import' },
  { to: '/monitoring', name: 'Monitoring', icon: Activity, key: 'm', words: 'checks uptime health' },
  { to: '/alerts', name: 'Alerts', icon: Siren, key: 'a', words: 'incidents conditions channels notifications' },
  { to: '/settings', name: 'Settings', icon: Settings, key: 's', words: 'people roles tokens secrets projects' },
];
