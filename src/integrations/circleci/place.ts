import type { PlannedExecutor, PlannedImage } from '../../pipelines/port.ts';
import { child, type Dict, describe, type Entry, isNull, isUnknown, type Node } from './node.ts';
import { toBoolean } from './parameters.ts';
import type { Problems } from './problems.ts';
import { checkKeys, readBoolean, readEnvironment, readText, readTexts } from './read.ts';

const macosKeys = ['xcode', 'code_signing', 'resource_class', 'shell'];
const imageKeys = ['image', 'name', 'entrypoint', 'command', 'user', 'environment', 'auth', 'aws_auth', 'gcp_auth'];
const machineKeys = ['image', 'docker_layer_caching', 'enabled', 'resource_class', 'shell'];

/** The place a job runs in, from the value of its `docker`, `machine` or `macos` key. */
export function placeOf(
  kind: 'docker' | 'machine' | 'macos',
  entry: Entry,
  resourceClass: string | undefined,
  problems: Problems,
): PlannedExecutor | undefined {
  if (kind === 'docker') return dockerPlace(entry, problems);
  if (kind === 'machine') return machinePlace(entry, resourceClass, problems);
  const { value } = entry;
  if (value.kind !== 'map') {
    if (!isUnknown(value)) problems.error(entry.keyAt, '"macos" must be a map with "xcode"');
    return { kind: 'macos', xcode: '' };
  }
  checkKeys(value, macosKeys, '"macos"', problems);
  readTexts(child(value, 'code_signing'), '"code_signing"', problems);
  const xcode = child(value, 'xcode');
  if (isNull(xcode)) problems.error(entry.keyAt, '"macos" needs "xcode"');
  return { kind: 'macos', xcode: xcode?.kind === 'scalar' ? (xcode.plain ?? String(xcode.value ?? '')) : '' };
}

function dockerPlace(entry: Entry, problems: Problems): PlannedExecutor {
  const { value } = entry;
  if (isUnknown(value)) return { kind: 'docker', images: [] };
  if (value.kind !== 'list' || value.items.length === 0) {
    problems.error(
      entry.keyAt,
      '"docker" must be a list of images with at least one',
      'Write "docker:" and below it "- image: cimg/base:current".',
    );
    return { kind: 'docker', images: [] };
  }
  return { kind: 'docker', images: value.items.flatMap((item) => dockerImage(item, problems) ?? []) };
}

function dockerImage(item: Node, problems: Problems): PlannedImage | undefined {
  if (isUnknown(item)) return undefined;
  if (item.kind !== 'map') {
    problems.error(item.at, `An image is a map with "image", not ${describe(item)}`);
    return undefined;
  }
  checkKeys(item, imageKeys, 'An image', problems);
  const image = child(item, 'image');
  if (isNull(image)) problems.error(item.at, 'This has no "image"');
  checkCloud(item, problems);
  const text = readText(image, '"image"', problems);
  if (text !== undefined && /\s/.test(text.trim()))
    problems.warning(image?.at, `"${text}" cannot be the name of an image`);
  return {
    image: text?.trim() ?? '',
    name: readText(child(item, 'name'), '"name"', problems),
    entrypoint: words(child(item, 'entrypoint'), '"entrypoint"', problems),
    command: words(child(item, 'command'), '"command"', problems),
    user: readText(child(item, 'user'), '"user"', problems),
    environment: readEnvironment(child(item, 'environment'), problems),
    auth: credentials(item, problems),
  };
}

const cloudKeys = {
  aws_auth: ['aws_access_key_id', 'aws_secret_access_key', 'oidc_role_arn'],
  gcp_auth: ['oidc_service_account', 'workload_identity_pool', 'workload_identity_provider'],
};

/** Reads what a cloud's registry wants, which Millrace has no way to use yet. */
function checkCloud(item: Dict, problems: Problems): void {
  for (const [key, known] of Object.entries(cloudKeys)) {
    const entry = item.entries.get(key);
    if (!entry || isNull(entry.value) || isUnknown(entry.value)) continue;
    if (entry.value.kind !== 'map') {
      problems.error(entry.value.at, `"${key}" must be a map with ${known.join(', ')}, not ${describe(entry.value)}`);
      continue;
    }
    checkKeys(entry.value, known, `"${key}"`, problems);
    problems.warning(
      entry.keyAt,
      `Millrace does not log in with "${key}"; the image is pulled as the container engine is logged in`,
    );
  }
}

/** Values that begin with `$` stand for a variable of the job and are filled in when the image is pulled. */
function credentials(item: Dict, problems: Problems): PlannedImage['auth'] {
  const auth = child(item, 'auth');
  if (isNull(auth) || isUnknown(auth)) return undefined;
  if (auth!.kind !== 'map') {
    problems.error(auth!.at, '"auth" must be a map with "username" and "password"');
    return undefined;
  }
  checkKeys(auth as Dict, ['username', 'password'], '"auth"', problems);
  const username = readText(child(auth, 'username'), '"username"', problems);
  const password = readText(child(auth, 'password'), '"password"', problems);
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** A list of arguments, or one text that is split at blanks as a shell would, quotes minded. */
function words(node: Node | undefined, what: string, problems: Problems): string[] | undefined {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return readTexts(node, what, problems);
  const found = [...node.value.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)];
  return found.map(([word]) =>
    word.replace(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
      (_, single, double, escaped) => single ?? (double === undefined ? escaped : double.replace(/\\(["\\$`])/g, '$1')),
    ),
  );
}

function machinePlace(entry: Entry, resourceClass: string | undefined, problems: Problems): PlannedExecutor {
  const { value } = entry;
  if (isUnknown(value)) return { kind: 'machine' };
  if (value.kind === 'scalar') {
    const on = toBoolean(value);
    if (on === undefined && typeof value.value === 'string') return { kind: 'machine', image: value.value };
    if (on !== true) problems.error(entry.keyAt, `"machine" must be true or a map, not ${describe(value)}`);
    return { kind: 'machine' };
  }
  if (value.kind === 'list') {
    problems.error(entry.keyAt, '"machine" must be true or a map, not a list');
    return { kind: 'machine' };
  }
  checkKeys(value, machineKeys, '"machine"', problems);
  readBoolean(child(value, 'docker_layer_caching'), '"docker_layer_caching"', problems);
  const node = child(value, 'image');
  const image = readText(node, '"image"', problems);
  if (image !== undefined && resourceClass?.includes('/')) {
    problems.error(node?.at, `Extraneous image: machines of one's own ("${resourceClass}") have no image to choose`);
  } else if (image !== undefined && !/[:/]|default$|^ami-|^circleci|^ubuntu|^windows|^android/.test(image)) {
    problems.error(
      node?.at,
      `Unknown machine image "${image}"`,
      'Name it with its tag, for example "ubuntu-2404:current".',
    );
  }
  return { kind: 'machine', image };
}
