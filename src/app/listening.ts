import { Fault } from '../kernel/faults.ts';

/** Begins to listen; a port in use becomes a Fault that says which setting changes it. */
export async function listening<Result>(
  begin: () => Promise<Result>,
  { host, port, variable }: { host: string; port: number; variable: string },
): Promise<Result> {
  try {
    return await begin();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Fault('conflict', `Port ${port} on ${host} is in use by another program`, {
      code: 'app.port-in-use',
      hint: `Stop that program, or set ${variable} to another port (0 takes any free one).`,
      cause: error,
    });
  }
}
