import type { Contract } from '../platform/http/contract.ts';

/**
 * The table the client needs at run time: operation to method, path, and whether it creates something.
 * Printed into `src/client/generated/operations.ts` by `npm run generate`, so that no schema is shipped to browsers.
 */
export function printOperations(contracts: Contract[]): string {
  const lines = contracts.flatMap((contract) =>
    Object.entries(contract.operations).map(
      ([name, operation]) =>
        `  '${contract.room}.${name}': ['${operation.method}', '${operation.path}', ${operation.creates === true}],`,
    ),
  );
  return [
    '// Printed from the contracts by `npm run generate`. Do not edit.',
    'export const operations: Record<string, [method: string, path: string, creates: boolean]> = {',
    ...lines,
    '};',
    '',
  ].join('\n');
}
