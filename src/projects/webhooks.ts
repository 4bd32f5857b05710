import { createHash } from 'node:crypto';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { isId, newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { Headers } from '../platform/http/headers.ts';
import type { ProjectsDeps } from './deps.ts';
import { projectsEvents } from './events.ts';
import { hookLimits } from './limits.ts';
import type { ForgeEvent } from './port.ts';
import { syncRemote, webhookPlace } from './remote.ts';
import * as store from './store.ts';

/**
 * Webhooks of forges at `/hooks/<forge>/<project id>`. A delivery is checked, written down, and answered at once; the
 * work follows (`workOffDeliveries`), also after a crash. One that came before is answered and forgotten.
 */
export function hooksIntake(deps: ProjectsDeps, wake: () => void): HttpIntake {
  const take = async (forgeName: string, projectId: string, headers: Headers, raw: Buffer): Promise<string> => {
    const forge = deps.forges.find((each) => each.name === forgeName);
    const remote = forge && isId(projectId) ? await store.remoteOf(deps.database, projectId) : undefined;
    const secret =
      remote?.forge === forge?.name && remote
        ? await deps.keyring.open(remote.webhookSecret, webhookPlace(projectId))
        : undefined;
    // Whether the project is unknown or the signature wrong is the same answer: neither can be probed.
    if (!forge || secret === undefined || !forge.verify(headers, raw, secret)) {
      throw new Fault('forbidden', 'The signature does not match', {
        code: 'projects.hook-signature',
        hint: 'Copy address and secret of the webhook again from the project’s settings.',
      });
    }
    const event = forge.parse(headers, bodyOf(headers, raw));
    if (!event) throw new Fault('invalid', 'This delivery cannot be read', { code: 'projects.hook-body' });
    if (event.kind === 'ping') return 'pong';
    if (event.kind === 'ignored') return `ignored: ${event.what}`;
    // The signature covers the body only: a replay with another delivery id must not build a pull request again. A
    // repeated push is harmless (there is nothing to fetch), and its body may repeat for good reasons.
    const named = event.kind === 'push' ? forge.deliveryId(headers)?.slice(0, hookLimits.deliveryIdChars) : undefined;
    const id = named ?? `body ${sha256(raw)}`;
    if (!(await store.insertDelivery(deps.database, { projectId, id, event }))) return 'known already';
    wake();
    return 'accepted';
  };
  return {
    name: 'hooks',
    authentication: 'the signature of the forge, made with the secret of the webhook',
    reachableByServices: false,
    register(scope) {
      scope.removeAllContentTypeParsers();
      const options = { parseAs: 'buffer', bodyLimit: hookLimits.bodyBytes } as const;
      scope.addContentTypeParser('*', options, (_request, body, done) => done(null, body));
      scope.post('/hooks/:forge/:projectId', async (request, reply) => {
        const { forge, projectId } = request.params as { forge: string; projectId: string };
        const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const outcome = await take(forge, projectId, request.headers, raw);
        return reply.status(outcome === 'accepted' ? 202 : 200).send({ outcome });
      });
    },
  };
}

const sha256 = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex');

/** JSON, or JSON inside a form field as GitHub sends it when asked to; undefined when it is neither. */
function bodyOf(headers: Headers, raw: Buffer): unknown {
  const isForm = String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const text = isForm ? (new URLSearchParams(raw.toString()).get('payload') ?? '') : raw.toString();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A delivery is one server's own as long as it says so; after a crash another takes it a minute later. */
const leaseMs = 60_000;
const pauseMs = (attempts: number): number => Math.min(300_000, 2000 * 2 ** attempts);

/** Works off deliveries that wait, oldest first. Resolves when none is due. */
export async function workOffDeliveries(deps: ProjectsDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const delivery = await store.takeDelivery(deps.database, leaseMs);
    if (!delivery) return;
    const { projectId, id } = delivery;
    const renewal = setInterval(() => {
      store.postponeDelivery(deps.database, delivery, leaseMs).catch(() => undefined);
    }, leaseMs / 3);
    try {
      await carryOut(deps, delivery);
    } catch (error) {
      clearInterval(renewal);
      const isLast = delivery.attempts >= hookLimits.attempts;
      deps.log.warn({ err: error, projectId, delivery: id, isLast }, 'a webhook could not be followed');
      if (isLast) await store.finishDelivery(deps.database, delivery);
      else await store.postponeDelivery(deps.database, delivery, pauseMs(delivery.attempts));
    } finally {
      clearInterval(renewal);
    }
  }
}

async function carryOut(deps: ProjectsDeps, delivery: store.Delivery): Promise<void> {
  const { event, projectId } = delivery;
  if (event.kind === 'push') {
    await syncRemote(deps, projectId, event.pusher);
    await store.finishDelivery(deps.database, delivery);
  } else if (event.kind === 'pull-request') {
    if (event.action !== 'closed') await syncRemote(deps, projectId, event.author);
    await tellPullRequest(deps, delivery, event);
  }
}

async function tellPullRequest(
  deps: ProjectsDeps,
  delivery: store.Delivery,
  event: Extract<ForgeEvent, { kind: 'pull-request' }>,
): Promise<void> {
  const { projectId } = delivery;
  const { number, title, url, head, base, fork, author, merged } = event;
  await deps.database.transaction(async (tx) => {
    const remote = await store.remoteOf(tx, projectId);
    if (!(await store.finishDelivery(tx, delivery)) || !remote) return;
    const { forge } = remote;
    const about = { subject: `project:${projectId}`, projectId, actor: system(author) };
    if (event.action === 'closed') {
      const data = { projectId, forge, number, merged, head };
      await appendEvent(tx, projectsEvents, 'pull-request.closed', { ...about, data });
    } else {
      const data = { projectId, runId: newId(), forge, number, title, url, head, base, fork, author };
      await appendEvent(tx, projectsEvents, 'pull-request.updated', { ...about, data });
    }
  });
}
