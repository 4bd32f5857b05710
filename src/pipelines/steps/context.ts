import type { Database } from '../../platform/postgres/database.ts';
import type { Files } from '../files.ts';
import type { Place, PlannedStep, Sources } from '../port.ts';
import type { Job, Run } from '../run.ts';
import type { Shells } from '../shells.ts';
import type { SshKey } from '../ssh-keys.ts';

/** What the server needs to do a step for a job. Doing a step twice (after a crash) must come to the same. */
export interface JobContext {
  database: Database;
  sources: Sources;
  files: Files;
  run: Run;
  job: Job;
  /** Number of the step within its job. */
  number: number;
  place: Place;
  home: string;
  workingDirectory: string;
  /** The user the job runs as. */
  owner: { uid: number; gid: number };
  /** Exported variables of the job. */
  environment: Record<string, string>;
  shells: Shells;
  /** Private keys kept for the project and the job’s contexts. */
  sshKeys: SshKey[];
  now: () => number;
  /** Hides the job's secrets in text that people will see; lines that are said are hidden anyhow. */
  mask: (text: string) => string;
  /** One line of the step's log. */
  say: (line: string) => void;
}

/** The same with the planned step itself. */
export interface StepContext<Kind extends PlannedStep['kind']> extends JobContext {
  step: Extract<PlannedStep, { kind: Kind }>;
}
