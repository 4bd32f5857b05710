import { type Actor, system } from '../../src/kernel/events.ts';
import type { Call, MountedContract } from '../../src/platform/http/contract.ts';

export interface OperationInput {
  params?: object;
  query?: object;
  body?: object;
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
  } as Call);
  return operation.response.parse(result) as Result;
}
