import { sharedPostgresVariable, startTemporaryPostgres } from './postgres.ts';

/** One PostgreSQL for a whole run; workers inherit its address. */
export default async function setup(): Promise<() => Promise<void>> {
  const postgres = await startTemporaryPostgres();
  process.env[sharedPostgresVariable] = postgres.url;
  return postgres.close;
}
