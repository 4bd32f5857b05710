import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

/** A new encryption key also seals what rooms other than secrets keep: the webhook secrets of remotes. */
export function resealOnKeyRotation(projects: Projects): Subscription {
  return {
    name: 'reseal-on-key-rotation',
    types: ['secrets.key.rotated'],
    async handle() {
      await projects.resealSecrets();
    },
  };
}
