import { formatDuration } from '../kernel/durations.ts';
import type { Deployment, EnvironmentDiff } from './environments.ts';
import type { Terminal } from './terminal.ts';

type Paint = Pick<Terminal, 'paint'>;

/** Steps of a deployment that were not told yet; `told` counts those that were and is advanced. */
export function newSteps(deployment: Deployment, told: Set<string>, terminal: Paint): string[] {
  return deployment.steps.flatMap((step) => {
    const key = `${step.name} ${step.startedAt} ${step.status}`;
    if (step.status === 'running' || told.has(key)) return [];
    told.add(key);
    const took = step.finishedAt ? formatDuration(Date.parse(step.finishedAt) - Date.parse(step.startedAt)) : '';
    const colour = step.status === 'success' ? 'green' : step.status === 'failed' ? 'red' : 'grey';
    return [
      `${terminal.paint(colour, step.status.padEnd(8))} ${step.name}${step.detail ? `: ${step.detail}` : ''} ${terminal.paint('grey', took)}`,
    ];
  });
}

/** How a deployment ended, and why. */
export function outcome(deployment: Deployment, terminal: Paint): string[] {
  const colour = deployment.status === 'succeeded' ? 'green' : deployment.status === 'on_hold' ? 'yellow' : 'red';
  const words = deployment.status.replaceAll('_', ' ');
  const head = `${deployment.environment}: ${deployment.release.version} ${terminal.paint(colour, words)}`;
  const reason = deployment.reason ? [deployment.reason] : [];
  return [head, ...reason, ...deployment.evidence.map((line) => `  ${line}`)];
}

/** What a change of release brings or takes. */
export function diffReport(diff: EnvironmentDiff, terminal: Paint): string[] {
  const from = diff.from?.version ?? 'nothing';
  const lines = [`${from} -> ${diff.to.version} (${diff.direction})`];
  const sign = diff.direction === 'back' ? terminal.paint('red', '-') : terminal.paint('green', '+');
  lines.push(
    ...diff.commits.map((commit) => `  ${sign} ${commit.sha.slice(0, 7)} ${commit.message} (${commit.author})`),
  );
  lines.push(...diff.settings.map((setting) => `  setting ${setting.name} ${setting.change}`));
  lines.push(
    ...diff.images
      .filter((image) => image.change !== 'same')
      .map((image) => `  service ${image.service} ${image.change}`),
  );
  lines.push(...diff.warnings.map((warning) => terminal.paint('yellow', `  ${warning}`)));
  return lines;
}
