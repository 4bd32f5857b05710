import type { FastifyInstance } from 'fastify';
import type { HttpIntake } from '../platform/http/contract.ts';
import { type ContinueDeps, continueRun } from './continue-run.ts';

const largestBody = 4_000_000;

/** `POST /api/v2/pipeline/continue` as CircleCI has it, for jobs that call the API by themselves. */
export function continueIntake(deps: ContinueDeps): HttpIntake {
  return {
    name: 'circleci-continue',
    authentication: 'the continuation key of the run, in the body',
    reachableByServices: false,
    register(scope: FastifyInstance) {
      scope.post('/api/v2/pipeline/continue', { bodyLimit: largestBody }, async (request, reply) => {
        const { status, message } = await continueRun(deps, request.body);
        return reply.status(status).send({ message });
      });
    },
  };
}
