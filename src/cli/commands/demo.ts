import { join } from 'node:path';
import {
  type Demo,
  examplesDirectory,
  type Progress,
  readSettings,
  type StoryResult,
  silentProgress,
  startDemo,
} from '../../app/index.ts';
import { describeFact } from '../../client/index.ts';
import { formatDuration } from '../../kernel/durations.ts';
import { exitCodes } from '../exit.ts';
import { report, reportAsJson } from '../report.ts';
import { stepProgress } from '../step-progress.ts';
import { openTerminal } from '../terminal.ts';

/** Runs the whole loop on the example project, prints what happened, and stays up to be looked at. */
export async function demo(options: { json?: boolean; once?: boolean }): Promise<void> {
  const terminal = openTerminal();
  const settings = readSettings(process.env);
  const progress = options.json ? silentProgress : stepProgress(terminal);
  progress.note('Millrace demo: a Django shop goes through the whole loop, a bad commit included.');
  progress.note(`Data in ${join(settings.dataDir, 'demo')}, made anew each time.`);
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // What is left then is removed by the next demo.
      process.once(signal, () => process.exit(130));
      stopped.abort();
    });
  }
  let started: Demo | undefined;
  let code: number = exitCodes.ok;
  try {
    started = await startDemo(settings, progress, examplesDirectory(), stopped.signal);
    const { url, gatewayUrl } = started.running;
    const result = await started.tell();
    if (options.json)
      terminal.print(JSON.stringify({ event: 'told', url, gatewayUrl, account: started.account, ...result }));
    else for (const line of summary(result)) terminal.print(line);
    if (!options.once) await stay(started, progress, stopped.signal, [`  ${result.shopUrl}  the shop itself`]);
  } catch (error) {
    code = stopped.signal.aborted ? stoppedEarly : report(error, (line) => terminal.note(line));
    if (options.json) reportAsJson(error, (line) => terminal.print(line));
    if (!stopped.signal.aborted && started && !options.once && !options.json)
      await stay(started, progress, stopped.signal, []);
  }
  if (started) await progress.step('Stopping, removing what it made', started.stop);
  if (code === stoppedEarly) progress.note('Stopped before its end. Nothing is left running.');
  process.exit(code);
}

/** As a shell says of a program that was interrupted. */
const stoppedEarly = 130;

/** Says where to look, and waits to be stopped. */
async function stay(demo: Demo, progress: Progress, stopped: AbortSignal, more: string[]): Promise<void> {
  const { running, account } = demo;
  progress.note('\nIt stays up to be looked at:');
  progress.note(`  ${running.url}  (sign in as ${account.email}, password "${account.password}")`);
  for (const line of more) progress.note(line);
  progress.note('Ctrl-C stops it and removes what it made; images of containers stay.');
  await new Promise<void>((resolve) => {
    if (stopped.aborted) return resolve();
    stopped.addEventListener('abort', () => resolve(), { once: true });
  });
}

const offset = (ms: number): string => `+${(ms / 1000).toFixed(1)} s`.padStart(9);

/** The timeline of the bad commit and the figures, as lines. */
export function summary(result: StoryResult): string[] {
  const { wayBack, traffic, issue } = result;
  const lines = ['', 'What came of the bad commit:'];
  for (const { offsetMs, type, actor, data } of result.chronicle.lines) {
    // Jobs are many and all alike; the runs they belong to are told.
    if (type.startsWith('pipelines.job.')) continue;
    const { text, details } = describeFact({
      id: '',
      type,
      subject: '',
      actor: { kind: 'system', id: '', name: actor },
      data,
    });
    const more = details.filter((detail) => !text.includes(detail));
    lines.push(`  ${offset(offsetMs)}  ${text}${more.length > 0 ? `  (${more.join(', ')})` : ''}`);
  }
  lines.push('', 'The way back:', `  ${offset(0)}  production serves ${result.badVersion}`);
  if (wayBack.errorMs !== null)
    lines.push(`  ${offset(wayBack.errorMs)}  its first error is seen${issue ? `: ${issue.title}` : ''}`);
  lines.push(
    `  ${offset(wayBack.decidedMs)}  the decision: ${result.reason}`,
    ...(result.chronicle.rollback?.evidence ?? []).map((line) => `               ${line}`),
    `  ${offset(wayBack.restoredMs)}  ${result.goodVersion} serves again, ${formatDuration(wayBack.restoredMs - wayBack.decidedMs)} after the decision`,
    '',
    `Visitors made ${traffic.requests} requests. ${traffic.failed} failed, ${traffic.failedElsewhere === 0 ? 'all of them' : `${traffic.failed - traffic.failedElsewhere} of them`} answered by ${result.badVersion}.`,
  );
  if (issue) lines.push(`The error, with its stack: ${issue.url}`);
  lines.push('', 'Who was told:');
  for (const mail of result.mails) lines.push(`  ${mail.to}  ${mail.subject}`);
  if (result.mails.some((mail) => mail.state === 'kept'))
    lines.push('  No mail server is set up, so the mails are kept: Alerts, Notifications shows them.');
  return lines;
}
