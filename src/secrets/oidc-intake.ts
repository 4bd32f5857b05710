import type { FastifyInstance } from 'fastify';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { Database } from '../platform/postgres/database.ts';
import { publicKeys } from './signing-keys.ts';

/** What verifiers of jobs' tokens ask for: OpenID Connect Discovery 1.0 and the key set it names. */
export function oidcIntake(deps: { database: Database; issuer: () => string }): HttpIntake {
  return {
    name: 'oidc',
    authentication: 'none: public keys, which anybody may fetch',
    reachableByServices: false,
    register(scope: FastifyInstance) {
      scope.get('/.well-known/openid-configuration', async (_request, reply) =>
        reply.header('cache-control', 'public, max-age=300').send({
          issuer: deps.issuer(),
          jwks_uri: `${deps.issuer()}/.well-known/jwks.json`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid'],
          claims_supported: ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub'],
        }),
      );
      scope.get('/.well-known/jwks.json', async (_request, reply) =>
        reply.header('cache-control', 'public, max-age=300').send({ keys: await publicKeys(deps.database) }),
      );
    },
  };
}
