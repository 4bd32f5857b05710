import type { Alerts } from '../alerts/index.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

/** A new encryption key also seals what rooms other than secrets keep: the webhook secrets of remotes and the secrets of channels. */
export function resealOnKeyRotation(projects: Projects, alerts: Alerts): Subscription {
  return {
    name: 'reseal-on-key-rotation',
    types: ['secrets.key.rotated'],
    async handle() {
      await projects.resealSecrets();
      await alerts.resealSecrets();
    },
  };
}
