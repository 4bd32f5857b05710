import { SaxesParser } from 'saxes';

/** Limits of the test report intake. */
export const junitLimits = {
  /** Bytes of one report file. */
  fileBytes: 256 * 1024 * 1024,
  depth: 64,
  /** Test cases of one job. */
  tests: 200_000,
  nameLength: 2000,
  messageLength: 4000,
  detailsLength: 32 * 1024,
} as const;

export interface TestCase {
  suite: string;
  className: string | null;
  name: string;
  file: string | null;
  status: 'success' | 'failed' | 'error' | 'skipped';
  durationMs: number;
  message: string | null;
  details: string | null;
}

interface Open extends TestCase {
  collecting: boolean;
}

/**
 * Reads JUnit XML as it streams in (Maven, pytest, jest, gotestsum, rspec, ctest write their own dialects of it) and gives each
 * test case as it closes. Entities and doctypes are never expanded. `problem` tells why the rest of a file could not be read.
 */
export class JunitReader {
  problem: string | undefined;
  readonly #parser = new SaxesParser();
  readonly #suites: string[] = [];
  readonly #mask: (text: string) => string;
  #depth = 0;
  #case: Open | undefined;

  /** `mask` hides secrets in what tests say of themselves. */
  constructor(onCase: (test: TestCase) => void, mask: (text: string) => string = (text) => text) {
    this.#mask = mask;
    this.#parser.on('error', (error) => {
      this.problem ??= error.message;
    });
    this.#parser.on('opentag', (tag) => {
      this.#depth += 1;
      if (this.#depth > junitLimits.depth) this.problem ??= `The report is nested deeper than ${junitLimits.depth}`;
      this.#open(tag.name, tag.attributes as Record<string, string>);
    });
    this.#parser.on('text', (text) => this.#text(text));
    this.#parser.on('cdata', (text) => this.#text(text));
    this.#parser.on('closetag', (tag) => {
      this.#depth -= 1;
      if (tag.name === 'testsuite') this.#suites.pop();
      if (this.#case) this.#case.collecting = false;
      if (tag.name !== 'testcase' || !this.#case) return;
      const { collecting: _, ...test } = this.#case;
      this.#case = undefined;
      const details = test.details === null ? '' : cut(mask(test.details), junitLimits.detailsLength).trim();
      onCase({ ...test, details: details === '' ? null : details });
    });
  }

  write(text: string): void {
    if (this.problem === undefined) this.#parser.write(text);
  }

  end(): void {
    if (this.problem === undefined) this.#parser.close();
  }

  #open(name: string, attributes: Record<string, string>): void {
    if (name === 'testsuite') {
      this.#suites.push(this.#named(attributes.name) ?? '');
    } else if (name === 'testcase') {
      this.#case = {
        suite: this.#suites.filter((suite) => suite !== '').at(-1) ?? '',
        className: this.#named(attributes.classname),
        name: this.#named(attributes.name) ?? '',
        file: this.#named(attributes.file),
        status: 'success',
        durationMs: milliseconds(attributes.time),
        message: null,
        details: null,
        collecting: false,
      };
    } else if (this.#case && (name === 'failure' || name === 'error' || name === 'skipped')) {
      this.#case.status = name === 'failure' ? 'failed' : name;
      if (attributes.message) this.#case.message = cut(this.#mask(attributes.message), junitLimits.messageLength);
      this.#case.collecting = true;
    }
  }

  #named(text: string | undefined): string | null {
    return text ? cut(this.#mask(text), junitLimits.nameLength) : null;
  }

  #text(text: string): void {
    const test = this.#case;
    if (!test?.collecting) return;
    // More than is kept in the end: a secret that reaches over that border shall still be seen whole.
    test.details = cut((test.details ?? '') + text, 2 * junitLimits.detailsLength);
  }
}

const cut = (text: string, length: number): string => (text.length > length ? text.slice(0, length) : text);

/** Seconds as reports write them: `1.5`, `1,234.5`; anything else counts as 0. */
function milliseconds(time: string | undefined): number {
  const seconds = Number((time ?? '0').replaceAll(',', ''));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
