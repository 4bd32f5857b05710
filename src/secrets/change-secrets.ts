import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { SecretsDeps } from './deps.ts';
import { secretsEvents } from './events.ts';
import { type Context, type Place, projectOf, type Secret, scopeOf, sealPlace } from './secret.ts';
import { resealSigningKeys } from './signing-keys.ts';
import * as store from './store.ts';

/** Sets a secret; from here on its value can be used, replaced and deleted, and never be read by a person again. */
export async function setSecret(
  deps: SecretsDeps,
  place: Place,
  input: { name: string; value: string },
  actor: Actor,
): Promise<Secret> {
  return deps.database.transaction(async (tx) => {
    const id = (await store.idIn(tx, place, input.name)) ?? newId();
    const secret = await store.saveSecret(tx, place, {
      id,
      name: input.name,
      sealed: deps.keyring.seal(input.value, sealPlace(id)),
      fingerprint: deps.keyring.fingerprint(input.value),
      updatedBy: actor.name,
    });
    await appendEvent(tx, secretsEvents, 'secret.set', {
      subject: `secret:${id}`,
      projectId: projectOf(place),
      actor,
      data: { name: input.name, scope: scopeOf(place), version: secret.version },
    });
    return secret;
  });
}

export async function removeSecret(deps: SecretsDeps, place: Place, name: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const id = await store.deleteSecret(tx, place, name);
    if (!id) throw new Fault('missing', `There is no secret "${name}" here`, { code: 'secrets.not-found' });
    await appendEvent(tx, secretsEvents, 'secret.removed', {
      subject: `secret:${id}`,
      projectId: projectOf(place),
      actor,
      data: { name, scope: scopeOf(place) },
    });
  });
}

export async function createContext(
  deps: SecretsDeps,
  input: { name: string; description: string; projectIds: string[] | null },
  actor: Actor,
): Promise<Context> {
  return deps.database.transaction(async (tx) => {
    const context = await store.insertContext(tx, { id: newId(), ...input });
    if (!context) {
      throw new Fault('conflict', `There is a context "${input.name}" already`, { code: 'secrets.context-taken' });
    }
    await appendEvent(tx, secretsEvents, 'context.created', contextFact(context, actor));
    return context;
  });
}

export async function changeContext(
  deps: SecretsDeps,
  name: string,
  change: { description?: string | undefined; projectIds?: string[] | null | undefined },
  actor: Actor,
): Promise<Context> {
  return deps.database.transaction(async (tx) => {
    const known = await store.contextByName(tx, name);
    if (!known) throw missingContext(name);
    const context: Context = {
      ...known,
      description: change.description ?? known.description,
      projectIds: change.projectIds === undefined ? known.projectIds : change.projectIds,
    };
    await store.updateContext(tx, context);
    await appendEvent(tx, secretsEvents, 'context.changed', contextFact(context, actor));
    return context;
  });
}

export async function removeContext(deps: SecretsDeps, name: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const context = await store.deleteContext(tx, name);
    if (!context) throw missingContext(name);
    await appendEvent(tx, secretsEvents, 'context.removed', contextFact(context, actor));
  });
}

const contextFact = (context: Context, actor: Actor) => ({
  subject: `context:${context.id}`,
  projectId: null,
  actor,
  data: { contextId: context.id, name: context.name },
});

export const missingContext = (name: string): Fault =>
  new Fault('missing', `There is no context "${name}"`, { code: 'secrets.context-not-found' });

/**
 * Makes a new key and seals every secret with it; runs go on meanwhile. Stopped half-way, it is finished by calling it
 * again. Where keys come from the environment, it seals what is still under older keys with the first one there.
 */
export async function rotateKey(deps: SecretsDeps, actor: Actor): Promise<{ keyId: string; reencrypted: number }> {
  const { keyring } = deps;
  const left = await store.sealedWithOtherKeys(deps.database, keyring.currentKeyId(), 1);
  // With something left to do from an interrupted rotation, another new key would only make more of it.
  const keyId = left.length > 0 ? keyring.currentKeyId() : await keyring.rotate();
  let reencrypted = 0;
  for (;;) {
    const batch = await store.sealedWithOtherKeys(deps.database, keyId, 100);
    if (batch.length === 0) break;
    for (const secret of batch) {
      const place = sealPlace(secret.id);
      const fingerprint = keyring.fingerprint(await keyring.open(secret.sealed, place));
      await store.reseal(deps.database, secret, { sealed: await keyring.rewrap(secret.sealed, place), fingerprint });
      reencrypted += 1;
    }
  }
  await resealSigningKeys(deps);
  await deps.database.transaction((tx) =>
    appendEvent(tx, secretsEvents, 'key.rotated', {
      subject: `key:${keyId}`,
      projectId: null,
      actor,
      data: { keyId, reencrypted },
    }),
  );
  return { keyId, reencrypted };
}
