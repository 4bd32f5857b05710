import { child, type Dict, describe, type Entry, isNull, isUnknown, type Node, textOf } from './node.ts';
import type { Problems } from './problems.ts';
import { checkKeys, readBoolean, readDuration, readInteger, readText } from './read.ts';

export const jobTypes = ['build', 'approval', 'no-op', 'release', 'lock', 'unlock'] as const;
export type JobType = (typeof jobTypes)[number];

/** Keys without which a job of a type means nothing. */
const requiredKeys: Partial<Record<JobType, string>> = { release: 'plan_name', lock: 'key', unlock: 'key' };
const providers = ['datadog', 'prometheus', 'grafana', 'alertmanager', 'custom'];
const days = /^([1-9]|[12][0-9]|30)d$/;

/** Checks the settings of a job that say nothing of where and what it runs, but must be right at CircleCI. */
export function checkSettings(type: JobType, name: string, body: Dict, entry: Entry, problems: Problems): void {
  const key = requiredKeys[type];
  if (key !== undefined && isNull(child(body, key))) {
    problems.error(entry.keyAt, `Job "${name}" is of type ${type} and needs "${key}"`);
  }
  if (key !== undefined) readText(child(body, key), `"${key}"`, problems);
  if (type === 'release') checkValidation(child(body, 'validation'), problems);
  readBoolean(child(body, 'circleci_ip_ranges'), '"circleci_ip_ranges"', problems);
  checkRetention(child(body, 'retention'), problems);
}

function checkRetention(node: Node | undefined, problems: Problems): void {
  if (isNull(node) || isUnknown(node)) return;
  if (node!.kind !== 'map') {
    problems.error(node!.at, `"retention" must be a map with "caches", not ${describe(node!)}`, 'Write "caches: 7d".');
    return;
  }
  checkKeys(node as Dict, ['caches'], '"retention"', problems);
  const caches = child(node, 'caches');
  if (isNull(caches) || isUnknown(caches)) return;
  if (caches!.kind !== 'scalar' || !days.test(textOf(caches!))) {
    problems.error(caches!.at, `"caches" must be 1d to 30d, not ${describe(caches!)}`);
  }
}

/** The validation of a release: read to the last key, so that a mistake is found before CircleCI finds it. */
function checkValidation(node: Node | undefined, problems: Problems): void {
  if (isNull(node) || isUnknown(node)) return;
  if (node!.kind !== 'map') {
    problems.error(node!.at, `"validation" must be a map, not ${describe(node!)}`);
    return;
  }
  const known = ['enabled', 'evaluation_time', 'auto_rollback_on_failure', 'webhooks'];
  checkKeys(node as Dict, known, '"validation"', problems);
  if (isNull(child(node, 'enabled'))) problems.error(node!.at, '"validation" needs "enabled"');
  readBoolean(child(node, 'enabled'), '"enabled"', problems);
  readDuration(child(node, 'evaluation_time'), '"evaluation_time"', problems);
  readBoolean(child(node, 'auto_rollback_on_failure'), '"auto_rollback_on_failure"', problems);
  const webhooks = child(node, 'webhooks');
  if (isNull(webhooks) || isUnknown(webhooks)) return;
  if (webhooks!.kind !== 'list') {
    problems.error(webhooks!.at, `"webhooks" must be a list, not ${describe(webhooks!)}`);
    return;
  }
  for (const item of webhooks!.items) checkWebhook(item, problems);
}

function checkWebhook(item: Node, problems: Problems): void {
  if (isUnknown(item)) return;
  if (item.kind !== 'map') {
    problems.error(item.at, `A webhook is a map with "name" and "provider", not ${describe(item)}`);
    return;
  }
  checkKeys(item, ['name', 'provider', 'data_points', 'fail_when', 'max_failures'], 'A webhook', problems);
  for (const key of ['name', 'provider']) {
    if (isNull(child(item, key))) problems.error(item.at, `A webhook needs "${key}"`);
  }
  const provider = readText(child(item, 'provider'), '"provider"', problems);
  if (provider !== undefined && !providers.includes(provider)) {
    problems.error(child(item, 'provider')?.at, `"${provider}" is not one of ${providers.join(', ')}`);
  }
  readText(child(item, 'fail_when'), '"fail_when"', problems);
  readInteger(child(item, 'max_failures'), '"max_failures"', problems);
}
