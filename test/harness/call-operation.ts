import { type Actor, system } from '../../src/kernel/events.ts';
import type { Call, MountedContract } from '../../src/platform/http/contract.ts';
import type { Role } from '../../src/platform/http/principal.ts';

export interface OperationInput {
  params?: object;
  query?: object;
  body?: object;
  /** What whoever asks may do; default everything. */
  role?: Role;
}

/** Calls an operation of a room as the server would: what goes in and what comes out checked against the contract. */
export async function callOperation<Result>(
  { contract, handlers }: MountedContract,
  name: string,
  input: OperationInput = {},
  actor: Actor = system('test'),
): Promise<Result> {
  const operation = contract.operations[name]!;
  const result = await handlers[name]!({
    params: operation.params?.parse(input.params ?? {}),
    query: operation.query?.parse(input.query ?? {}),
    body: operation.body?.parse(input.body ?? {}),
    actor,
    principal: {
      kind: 'person',
      id: actor.id,
      personId: actor.id,
      name: actor.name,
      email: '',
      role: input.role ?? 'owner',
      scopes: null,
    },
  } as Call);
  return operation.response.parse(result) as Result;
}
