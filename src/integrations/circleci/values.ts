import type { Trigger } from '../../pipelines/port.ts';
import { type Node, type Scalar, scalar, type UnknownType } from './node.ts';
import { nowhere } from './scope.ts';

/** Every `pipeline.*` value CircleCI has, with its type; `pipeline.parameters.*` come on top. */
const types: Record<string, UnknownType> = {
  'pipeline.id': 'string',
  'pipeline.number': 'integer',
  'pipeline.in_setup': 'boolean',
  'pipeline.trigger_source': 'string',
  'pipeline.project.id': 'string',
  'pipeline.project.name': 'string',
  'pipeline.project.slug': 'string',
  'pipeline.project.type': 'string',
  'pipeline.project.git_url': 'string',
  'pipeline.organization.id': 'string',
  'pipeline.git.branch': 'string',
  'pipeline.git.branch.is_default': 'boolean',
  'pipeline.git.tag': 'string',
  'pipeline.git.revision': 'string',
  'pipeline.git.base_revision': 'string',
  'pipeline.git.base_revision_tag': 'string',
  'pipeline.git.repo_id': 'string',
  'pipeline.git.repo_name': 'string',
  'pipeline.git.repo_owner': 'string',
  'pipeline.git.repo_url': 'string',
  'pipeline.git.commit.subject': 'string',
  'pipeline.git.commit.body': 'string',
  'pipeline.git.commit.author_name': 'string',
  'pipeline.git.commit.author_email': 'string',
  'pipeline.git.commit.author_login': 'string',
  'pipeline.git.commit.author_avatar_url': 'string',
  'pipeline.schedule.id': 'string',
  'pipeline.schedule.name': 'string',
  'pipeline.event.name': 'string',
  'pipeline.event.action': 'string',
  'pipeline.event.context.author.login': 'string',
  'pipeline.trigger.id': 'string',
  'pipeline.trigger.name': 'string',
  'pipeline.trigger.type': 'string',
  'pipeline.trigger.received_at': 'string',
  'pipeline.config_source.repo_name': 'string',
  'pipeline.config.file_path': 'string',
  'pipeline.config.ref': 'string',
  'pipeline.config.sha': 'string',
  'pipeline.config.repository.name': 'string',
  'pipeline.config.repository.url': 'string',
  'pipeline.definition.id': 'string',
  'pipeline.integration_source': 'string',
  'pipeline.name': 'string',
  'pipeline.git.commit.url': 'string',
  'pipeline.deploy.component_name': 'string',
  'pipeline.deploy.environment_name': 'string',
  'pipeline.deploy.target_version': 'string',
  'pipeline.deploy.current_version': 'string',
  'pipeline.deploy.namespace': 'string',
  'pipeline.deploy.is_rollback': 'boolean',
  'pipeline.deploy.reason': 'string',
};

/** Families whose members depend on the forge's event, and so are all known and mostly without value. */
const open = ['pipeline.event.', 'pipeline.trigger_parameters.', 'pipeline.schedule.', 'pipeline.deploy.'];

/** Looks up `pipeline.*` for a trigger. A value the trigger does not have is null. */
export function pipelineValues(trigger: Trigger, setup: boolean): (name: string) => Node | undefined {
  const known = valuesOf(trigger, setup);
  return (name) => {
    const value = known[name];
    return value !== undefined || isKnown(name) ? { ...scalar(value ?? null, nowhere), builtin: true } : undefined;
  };
}

/** The same names with their types and no values, for checking a file without a trigger. */
export function unknownPipelineValues(name: string): Node | undefined {
  if (!isKnown(name)) return undefined;
  return { ...scalar(null, nowhere), unknown: Object.hasOwn(types, name) ? types[name] : 'any' } as Scalar;
}

function isKnown(name: string): boolean {
  return Object.hasOwn(types, name) || open.some((family) => name.startsWith(family));
}

function valuesOf(trigger: Trigger, setup: boolean): Record<string, string | number | boolean | undefined> {
  const [owner, name] = ownerAndName(trigger.project.slug);
  const { defaultBranch } = trigger.project;
  const [subject = '', ...body] = (trigger.commit?.message ?? '').split('\n');
  return {
    'pipeline.id': trigger.pipeline.id,
    'pipeline.number': trigger.pipeline.number,
    'pipeline.in_setup': setup,
    'pipeline.trigger_source': triggerSource(trigger),
    'pipeline.project.id': trigger.project.id,
    'pipeline.project.name': name,
    'pipeline.project.slug': trigger.project.slug,
    'pipeline.project.type': 'millrace',
    'pipeline.project.git_url': trigger.project.gitUrl,
    'pipeline.git.branch': trigger.branch,
    'pipeline.git.branch.is_default':
      defaultBranch === undefined || trigger.branch === undefined ? undefined : trigger.branch === defaultBranch,
    'pipeline.git.tag': trigger.tag,
    'pipeline.git.commit.subject': trigger.commit && subject,
    'pipeline.git.commit.body': trigger.commit && body.join('\n').trim(),
    'pipeline.git.commit.author_name': trigger.commit?.author.name,
    'pipeline.git.commit.author_email': trigger.commit?.author.email,
    'pipeline.git.revision': trigger.sha,
    'pipeline.config.ref': trigger.tag ? `refs/tags/${trigger.tag}` : trigger.branch && `refs/heads/${trigger.branch}`,
    'pipeline.config.sha': trigger.sha,
    'pipeline.config.repository.name': name,
    'pipeline.config.repository.url': trigger.project.gitUrl,
    'pipeline.git.repo_id': trigger.project.id,
    'pipeline.git.repo_name': name,
    'pipeline.git.repo_owner': owner,
    'pipeline.git.repo_url': trigger.project.gitUrl,
    'pipeline.event.name':
      trigger.kind === 'pull-request' ? 'pull_request' : trigger.kind === 'push' ? 'push' : undefined,
    'pipeline.event.github.pull_request.number': trigger.pullRequest?.number,
    'pipeline.trigger.type': trigger.kind,
  };
}

function ownerAndName(slug: string): [string, string] {
  const parts = slug.split('/');
  const name = parts.at(-1) ?? slug;
  return [parts.length > 1 ? parts.at(-2)! : name, name];
}

function triggerSource(trigger: Trigger): string {
  if (trigger.kind === 'schedule') return 'scheduled_pipeline';
  return trigger.kind === 'api' || trigger.kind === 'local' ? 'api' : 'webhook';
}
