import { pause } from '../kernel/pause.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { DeploymentsDeps } from './deps.ts';
import { type BuildLine, clearBuildLines, insertBuildLines, type ReleaseRow } from './store/releases.ts';

/** Lines of one build that are kept for reading; telemetry gets all of them. */
const mostLines = 20_000;
const longestLine = 16_384;
/** How long a build that ended waits for the stores to take its last lines. */
const patienceMs = 60_000;

/** Collects the output of a build: kept for the release's page, and sent to telemetry as Log records. */
export class BuildLog {
  readonly #deps: DeploymentsDeps;
  readonly #release: ReleaseRow;
  /** What each of the two has yet to take. A store that is away gets it later. */
  #unkept: BuildLine[] = [];
  #untold: BuildLine[] = [];
  #count = 0;
  #isCleared = false;
  #writing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: DeploymentsDeps, release: ReleaseRow) {
    this.#deps = deps;
    this.#release = release;
    this.#timer = setInterval(() => void this.#flush(), 300);
  }

  add(service: string, text: string): void {
    const at = this.#deps.clock.now();
    for (const part of text.split(/\r?\n/)) {
      const line = part.slice(0, longestLine).replaceAll('\u0000', '');
      this.#count += 1;
      const added = { number: this.#count, at, service, line };
      if (this.#count <= mostLines) this.#unkept.push(added);
      this.#untold.push(added);
    }
  }

  #flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { database, telemetry } = this.#deps;
    const { id } = this.#release;
    try {
      // A build that starts again tells its story from the beginning.
      if (!this.#isCleared) await clearBuildLines(database, id);
      this.#isCleared = true;
      const kept = [...this.#unkept];
      if (kept.length > 0) await insertBuildLines(database, id, kept);
      this.#unkept.splice(0, kept.length);
      const told = [...this.#untold];
      if (told.length > 0) await telemetry.write(told.map((line) => this.#recordOf(line)));
      this.#untold.splice(0, told.length);
    } catch (error) {
      this.#deps.log.warn({ err: error, release: id }, 'build output could not be stored yet');
    }
  }

  #recordOf(line: BuildLine): TelemetryRecord {
    const { projectId, version, runId } = this.#release;
    return {
      type: 'Log',
      timestamp: line.at,
      projectId,
      attributes: {
        message: line.line,
        level: 'info',
        name: 'build',
        service: line.service || undefined,
        release: version,
        runId,
      },
    };
  }

  /** Stores the rest; a store that is away is waited for, but not by a server that `stops`. */
  async close(stops: AbortSignal): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    const deadline = this.#deps.clock.now() + patienceMs;
    for (;;) {
      await this.#flush();
      const lines = this.#unkept.length + this.#untold.length;
      if (this.#isCleared && lines === 0) return;
      if (stops.aborted || this.#deps.clock.now() > deadline) {
        this.#deps.log.error({ release: this.#release.id, lines }, 'the last output of a build could not be stored');
        return;
      }
      await pause(500, stops);
    }
  }
}
