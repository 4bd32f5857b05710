import type { DeploymentsDeps } from './deps.ts';
import { type BuildLine, clearBuildLines, insertBuildLines, type ReleaseRow } from './store/releases.ts';

/** Lines of one build that are kept for reading; telemetry gets all of them. */
const mostLines = 20_000;
const longestLine = 16_384;

/** Collects the output of a build: kept for the release's page, and sent to telemetry as Log records. */
export class BuildLog {
  readonly #deps: DeploymentsDeps;
  readonly #release: ReleaseRow;
  #waiting: BuildLine[] = [];
  #count = 0;
  #writing: Promise<void>;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: DeploymentsDeps, release: ReleaseRow) {
    this.#deps = deps;
    this.#release = release;
    // A build that starts again tells its story from the beginning.
    this.#writing = clearBuildLines(deps.database, release.id).then(() => {}, this.#complain);
    this.#timer = setInterval(() => this.#flush(), 300);
  }

  add(service: string, text: string): void {
    const at = this.#deps.clock.now();
    for (const part of text.split(/\r?\n/)) {
      const line = part.slice(0, longestLine).replaceAll('\u0000', '');
      this.#count += 1;
      this.#waiting.push({ number: this.#count, at, service, line });
    }
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    const release = this.#release;
    this.#writing = this.#writing
      .then(async () => {
        const kept = lines.filter((line) => line.number <= mostLines);
        if (kept.length > 0) await insertBuildLines(this.#deps.database, release.id, kept);
        await this.#deps.telemetry.write(
          lines.map((line) => ({
            type: 'Log',
            timestamp: line.at,
            projectId: release.projectId,
            attributes: {
              message: line.line,
              level: 'info',
              name: 'build',
              service: line.service || undefined,
              release: release.version,
              runId: release.runId,
            },
          })),
        );
      })
      .catch(this.#complain);
  }

  readonly #complain = (error: unknown): void => {
    this.#deps.log.warn({ err: error, release: this.#release.id }, 'build output could not be stored');
  };

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    await this.#writing;
  }
}
