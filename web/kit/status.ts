/** What a state means to a reader; decides its colour. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'idle';

/** The form it is drawn in, so that no state is told by colour alone. */
export type Shape = 'check' | 'cross' | 'spin' | 'pause' | 'dots' | 'slash' | 'ring' | 'triangle' | 'dot' | 'back';

export interface StatusLook {
  tone: Tone;
  shape: Shape;
  word: string;
}

const look = (tone: Tone, shape: Shape, word: string): StatusLook => ({ tone, shape, word });

/**
 * Every state word of every room. One word has one look everywhere: runs, jobs, steps, tests, rollouts, gates,
 * checks, conditions, incidents and issues.
 */
const looks: Record<string, StatusLook> = {
  queued: look('idle', 'dots', 'Queued'),
  pending: look('idle', 'dots', 'Pending'),
  waiting: look('idle', 'dots', 'Waiting'),
  blocked: look('idle', 'ring', 'Blocked'),
  running: look('busy', 'spin', 'Running'),
  starting: look('busy', 'spin', 'Starting'),
  building: look('busy', 'spin', 'Building'),
  preparing: look('busy', 'spin', 'Preparing'),
  verifying: look('busy', 'spin', 'Verifying'),
  switching: look('busy', 'spin', 'Switching'),
  draining: look('busy', 'spin', 'Draining'),
  deploying: look('busy', 'spin', 'Deploying'),
  stopping: look('busy', 'spin', 'Stopping'),
  rolling_back: look('warn', 'spin', 'Rolling back'),
  on_hold: look('warn', 'pause', 'Needs approval'),
  awaiting_approval: look('warn', 'pause', 'Needs approval'),
  paused: look('warn', 'pause', 'Paused'),
  success: look('good', 'check', 'Success'),
  succeeded: look('good', 'check', 'Succeeded'),
  passed: look('good', 'check', 'Passed'),
  live: look('good', 'check', 'Live'),
  healthy: look('good', 'check', 'Healthy'),
  holds: look('good', 'check', 'Holds'),
  ok: look('good', 'check', 'OK'),
  up: look('good', 'check', 'Up'),
  online: look('good', 'check', 'Online'),
  sent: look('good', 'check', 'Sent'),
  resolved: look('good', 'check', 'Resolved'),
  closed: look('good', 'check', 'Closed'),
  failed: look('bad', 'cross', 'Failed'),
  failure: look('bad', 'cross', 'Failed'),
  error: look('bad', 'cross', 'Error'),
  fails: look('bad', 'cross', 'Fails'),
  infrastructure_fail: look('bad', 'triangle', 'Infrastructure failed'),
  timedout: look('bad', 'cross', 'Timed out'),
  timed_out: look('bad', 'cross', 'Timed out'),
  unhealthy: look('bad', 'cross', 'Unhealthy'),
  critical: look('bad', 'cross', 'Critical'),
  down: look('bad', 'cross', 'Down'),
  lost: look('bad', 'cross', 'Lost'),
  open: look('bad', 'triangle', 'Open'),
  exited: look('bad', 'cross', 'Exited'),
  rolled_back: look('warn', 'back', 'Rolled back'),
  warning: look('warn', 'triangle', 'Warning'),
  degraded: look('warn', 'triangle', 'Degraded'),
  acknowledged: look('warn', 'pause', 'Acknowledged'),
  canceled: look('idle', 'slash', 'Canceled'),
  cancelled: look('idle', 'slash', 'Canceled'),
  unauthorized: look('bad', 'slash', 'Refused'),
  rejected: look('bad', 'slash', 'Rejected'),
  skipped: look('idle', 'slash', 'Skipped'),
  not_run: look('idle', 'ring', 'Not run'),
  superseded: look('idle', 'ring', 'Superseded'),
  unresolved: look('warn', 'dot', 'Unresolved'),
  regressed: look('bad', 'triangle', 'Regressed'),
  kept: look('idle', 'dot', 'Kept here'),
  archived: look('idle', 'slash', 'Archived'),
  muted: look('idle', 'slash', 'Muted'),
  unknown: look('idle', 'ring', 'Unknown'),
  empty: look('idle', 'ring', 'Nothing deployed'),
  retired: look('idle', 'ring', 'Retired'),
};

/** The look of a state; a word it has not met is shown as it is, neutral. */
export function statusLook(status: string): StatusLook {
  const known = looks[status.toLowerCase().replaceAll('-', '_')];
  if (known) return known;
  const word = status.replaceAll(/[_-]/g, ' ');
  return look('idle', 'dot', word.charAt(0).toUpperCase() + word.slice(1));
}

/** Whether the state will change by itself. */
export function isMoving(status: string): boolean {
  return statusLook(status).shape === 'spin' || ['queued', 'pending', 'waiting'].includes(status);
}
