import { readCron } from '../../kernel/cron.ts';
import type { PlannedSchedule } from '../../pipelines/port.ts';
import { branchRules, passesRules } from './filters.ts';
import { child, describe, type Entry, isNull, isUnknown, type Node } from './node.ts';
import type { Problems } from './problems.ts';
import { checkKeys, readText } from './read.ts';

/**
 * The schedules of a workflow's `triggers` that hold on a branch: it is the branch with this very file on it that they run. All are
 * checked, whether they hold or not.
 */
export function readSchedules(
  workflow: string,
  triggers: Entry | undefined,
  branch: string | undefined,
  problems: Problems,
): PlannedSchedule[] {
  if (!triggers || isNull(triggers.value) || isUnknown(triggers.value)) return [];
  const { value } = triggers;
  if (value.kind !== 'list') {
    problems.error(value.at, `"triggers" must be a list of schedules, not ${describe(value)}`);
    return [];
  }
  return value.items.flatMap((item) => readSchedule(workflow, item, branch, problems));
}

function readSchedule(workflow: string, item: Node, branch: string | undefined, problems: Problems): PlannedSchedule[] {
  const schedule = child(item, 'schedule');
  if (item.kind !== 'map' || schedule?.kind !== 'map') {
    problems.error(item.at, 'A trigger is a map with "schedule", a map with "cron" and "filters"');
    return [];
  }
  checkKeys(item, ['schedule'], 'A trigger', problems);
  checkKeys(schedule, ['cron', 'filters'], '"schedule"', problems);
  const cronNode = child(schedule, 'cron');
  if (isNull(cronNode)) problems.error(schedule.at, '"schedule" needs "cron"');
  const cron = readText(cronNode, '"cron"', problems);
  const read = cron === undefined ? undefined : readCron(cron);
  if (read?.ok === false) problems.error(cronNode?.at, `This is not a time of crontab: ${read.problem}`);
  const filters = child(schedule, 'filters');
  const rules = branchRules(filters, problems);
  if (!rules) {
    problems.error(
      filters?.at ?? schedule.at,
      'A schedule needs "filters" with "branches", and there "only" or "ignore"',
    );
    return [];
  }
  const holds = passesRules(rules, branch ?? '', problems) && branch !== undefined;
  return holds && cron !== undefined && read?.ok ? [{ workflow, cron }] : [];
}
