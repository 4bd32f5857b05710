/** What the server asks of the launcher process. */
export type LauncherRequest =
  | {
      type: 'start';
      id: number;
      argv: string[];
      cwd: string;
      env: Record<string, string>;
      uid?: number | undefined;
      gid?: number | undefined;
      /** Standard input; absent is empty. */
      inputFile?: string | undefined;
      /** Standard output is appended here. */
      outputFile: string;
      /** Standard error; absent joins standard output, in the order written. */
      errorFile?: string | undefined;
      timeoutMs?: number | undefined;
      graceMs: number;
    }
  | { type: 'stop'; id: number; signal: NodeJS.Signals; graceMs: number }
  | { type: 'signal'; id: number; signal: NodeJS.Signals };

/** What the launcher process tells. */
export type LauncherReport =
  | { type: 'started'; id: number; pid: number }
  | { type: 'failed'; id: number; code: string; message: string }
  | { type: 'exited'; id: number; exitCode: number | null; signal: NodeJS.Signals | null; timedOut: boolean };
