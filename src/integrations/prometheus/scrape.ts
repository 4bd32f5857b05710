import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { CumulativeState } from '../../platform/observe/cumulative.ts';
import type { Intake } from '../../telemetry/port.ts';
import { ExpositionError, readExposition } from './exposition.ts';
import { limits } from './limits.ts';
import type { Relabel } from './relabel.ts';
import { addSamples, type MetricTypes, metricTypeOf, type Written } from './series.ts';

/** A page of metrics that is read again and again. */
export interface ScrapeTarget {
  projectId: string;
  url: string;
  /** What its samples are labelled with: `job`, `instance`, and more. */
  labels: Record<string, string>;
  /** Whether the page's own labels go before these; else they move to `exported_<name>`. */
  honorLabels: boolean;
  intervalMs: number;
  timeoutMs: number;
  /** More samples on one page fail the scrape; 0 for the general limit alone. */
  sampleLimit: number;
  headers: Record<string, string>;
  /** What becomes of each sample of the page; `up` and the like are not asked. */
  relabel?: Relabel | undefined;
}

const accepted = 'application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.7,*/*;q=0.1';

/**
 * Reads a target once and writes what it says, with `up`, `scrape_duration_seconds` and `scrape_samples_scraped` as upstream has them.
 * Resolves to what was wrong with the target, if anything was; rejects only when the samples could not be stored.
 */
export async function scrape(
  target: ScrapeTarget,
  deps: { telemetry: Intake; clock: Clock; state: CumulativeState; types: MetricTypes },
): Promise<string | undefined> {
  const { telemetry, clock, state, types } = deps;
  const { projectId } = target;
  const begun = clock.now();
  const changes = state.begin();
  const written: Written = { records: [], refused: 0 };
  const add = (labels: Map<string, string>, value: number, timestamp = begun): void =>
    addSamples(labels, [{ value, timestamp }], { projectId, types, changes }, written);
  let problem: string | undefined;
  let count = 0;
  try {
    const { text, openMetrics } = await pageOf(target);
    const page = readExposition(text, openMetrics);
    if (target.sampleLimit > 0 && page.samples.length > target.sampleLimit)
      throw new ExpositionError(`${page.samples.length} samples, more than its sample_limit`);
    for (const [family, type] of page.types) types.learn(projectId, family, metricTypeOf(type));
    for (const sample of page.samples) {
      const labels = labelled(sample.labels, target);
      const kept = target.relabel ? target.relabel(labels) : labels;
      if (kept?.has('__name__')) add(kept, sample.value, sample.timestamp);
    }
    count = page.samples.length;
  } catch (error) {
    problem = wordsOf(error, target);
  }
  const own = (name: string, value: number): void =>
    add(new Map([['__name__', name], ...Object.entries(target.labels)]), value);
  own('up', problem === undefined ? 1 : 0);
  own('scrape_duration_seconds', (clock.now() - begun) / 1000);
  own('scrape_samples_scraped', count);
  if (problem) telemetry.dropped(projectId, 'Metric', `scrape of ${target.url}: ${problem}`, 1);
  await changes.keepIf(() => telemetry.write(written.records));
  return problem;
}

function labelled(own: Map<string, string>, target: ScrapeTarget): Map<string, string> {
  const labels = new Map(own);
  for (const [name, value] of Object.entries(target.labels)) {
    const said = own.get(name);
    if (said !== undefined && target.honorLabels) continue;
    if (said !== undefined) labels.set(`exported_${name}`, said);
    labels.set(name, value);
  }
  return labels;
}

async function pageOf({ url, headers, timeoutMs }: ScrapeTarget): Promise<{ text: string; openMetrics: boolean }> {
  const answer = await fetch(url, {
    headers: { accept: accepted, 'user-agent': 'millrace', ...headers },
    // Where it points to was not asked for.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new ExpositionError(`HTTP ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.pageBytes) throw new ExpositionError(`a page of more than ${limits.pageBytes} bytes`);
    chunks.push(chunk);
  }
  const openMetrics = /openmetrics/.test(answer.headers.get('content-type') ?? '');
  return { text: Buffer.concat(chunks).toString('utf8'), openMetrics };
}

function wordsOf(error: unknown, { timeoutMs }: ScrapeTarget): string {
  if (error instanceof ExpositionError) return error.message;
  if (error instanceof Fault) throw error;
  if ((error as Error).name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  // What went wrong stands in the cause of what `fetch` rejects with.
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
