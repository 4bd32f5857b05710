import { createHash, createPublicKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Queryable } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { SecretsDeps } from './deps.ts';

const makePair = promisify(generateKeyPair);

/** A public key as verifiers fetch it (RFC 7517). */
type PublicKey = { kty: 'RSA'; use: 'sig'; alg: 'RS256'; kid: string; n: string; e: string };

const sealPlace = (kid: string): string => `secrets/signing/${kid}`;

/** The key that signs tokens of jobs; made when the first is asked for, by one server even if several ask at once. */
export async function signingKey(deps: SecretsDeps): Promise<{ kid: string; privateKey: string }> {
  const kept = (await newestKey(deps.database)) ?? (await makeKey(deps));
  return { kid: kept.kid, privateKey: await deps.keyring.open(kept.sealed, sealPlace(kept.kid)) };
}

/** All public keys that tokens may be signed with. */
export async function publicKeys(db: Queryable): Promise<PublicKey[]> {
  const rows = await db.query<{ jwk: PublicKey }>(
    sql`select jwk from secrets_signing_keys order by created_at desc limit 10`,
  );
  return rows.map(({ jwk }) => jwk);
}

/** Seals the signing keys under the current master key. */
export async function resealSigningKeys(deps: SecretsDeps): Promise<void> {
  const rows = await deps.database.query<{ kid: string; sealed: string }>(sql`
    select kid, sealed from secrets_signing_keys where split_part(sealed, '.', 2) <> ${deps.keyring.currentKeyId()}`);
  for (const { kid, sealed } of rows) {
    const next = await deps.keyring.rewrap(sealed, sealPlace(kid));
    await deps.database.execute(
      sql`update secrets_signing_keys set sealed = ${next} where kid = ${kid} and sealed = ${sealed}`,
    );
  }
}

const newestKey = (db: Queryable): Promise<{ kid: string; sealed: string } | undefined> =>
  db.first(sql`select kid, sealed from secrets_signing_keys order by created_at desc limit 1`);

async function makeKey(deps: SecretsDeps): Promise<{ kid: string; sealed: string }> {
  const { privateKey } = await makePair('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' }) as { n: string; e: string };
  // RFC 7638: members of the key in the order of their names.
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
  const jwk: PublicKey = { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e };
  return deps.database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('secrets.signing-key', 0))`);
    const other = await newestKey(tx);
    if (other) return other;
    const sealed = deps.keyring.seal(privateKey, sealPlace(kid));
    await tx.execute(sql`insert into secrets_signing_keys (kid, jwk, sealed) values (${kid}, ${json(jwk)}, ${sealed})`);
    return { kid, sealed };
  });
}
