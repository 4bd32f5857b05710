import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';

const done = z.object({ done: z.literal(true) });
const value = z.string().min(1).max(65_536);
const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'A secret is named like an environment variable: letters, digits and _');
const contextName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$/, 'Use letters, digits, ".", "_", "-" and blanks');
const environment = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/, 'An environment has a plain name');
const ofProject = z.object({ project: z.string().max(100) });

/** A secret as the API shows it: never its value. */
const secretSchema = z.object({
  name: z.string(),
  /** First 8 hex digits of a keyed hash of the value: equal values look equal, nothing can be guessed from it. */
  fingerprint: z.string(),
  version: z.number().int(),
  updatedAt: z.string(),
  updatedBy: z.string(),
  lastReadAt: z.string().nullable(),
});

const contextSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  description: z.string(),
  /** Projects that may use it; null is all. */
  projectIds: z.array(z.uuid()).nullable(),
  secrets: z.array(secretSchema),
  createdAt: z.string(),
});

const secrets = z.object({ items: z.array(secretSchema) });

/** Values go in and never come out: only runs and deployments read them. */
export const secretsContract = defineContract('secrets', {
  contexts: {
    method: 'GET',
    path: '/secrets/contexts',
    summary: 'List contexts with the names of their secrets',
    role: 'developer',
    response: z.object({ items: z.array(contextSchema) }),
  },
  createContext: {
    method: 'POST',
    path: '/secrets/contexts',
    summary: 'Create a context: a named set of secrets that jobs ask for',
    role: 'maintainer',
    creates: true,
    body: z.object({
      name: contextName,
      description: z.string().max(500).default(''),
      projectIds: z.array(z.uuid()).max(1000).nullable().default(null),
    }),
    response: contextSchema,
  },
  changeContext: {
    method: 'PATCH',
    path: '/secrets/contexts/:context',
    summary: 'Change what a context says or which projects may use it',
    role: 'maintainer',
    params: z.object({ context: contextName }),
    body: z.object({
      description: z.string().max(500).optional(),
      projectIds: z.array(z.uuid()).max(1000).nullable().optional(),
    }),
    response: contextSchema,
  },
  removeContext: {
    method: 'DELETE',
    path: '/secrets/contexts/:context',
    summary: 'Delete a context and its secrets',
    role: 'maintainer',
    params: z.object({ context: contextName }),
    response: done,
  },
  setContextSecret: {
    method: 'PUT',
    path: '/secrets/contexts/:context/secrets/:name',
    summary: 'Set a secret of a context',
    role: 'maintainer',
    params: z.object({ context: contextName, name: secretName }),
    body: z.object({ value }),
    response: secretSchema,
  },
  removeContextSecret: {
    method: 'DELETE',
    path: '/secrets/contexts/:context/secrets/:name',
    summary: 'Delete a secret of a context',
    role: 'maintainer',
    params: z.object({ context: contextName, name: secretName }),
    response: done,
  },
  projectSecrets: {
    method: 'GET',
    path: '/secrets/projects/:project',
    summary: 'List the secrets of a project',
    role: 'developer',
    params: ofProject,
    response: secrets,
  },
  setProjectSecret: {
    method: 'PUT',
    path: '/secrets/projects/:project/secrets/:name',
    summary: 'Set a secret of a project',
    role: 'maintainer',
    params: ofProject.extend({ name: secretName }),
    body: z.object({ value }),
    response: secretSchema,
  },
  removeProjectSecret: {
    method: 'DELETE',
    path: '/secrets/projects/:project/secrets/:name',
    summary: 'Delete a secret of a project',
    role: 'maintainer',
    params: ofProject.extend({ name: secretName }),
    response: done,
  },
  environmentSecrets: {
    method: 'GET',
    path: '/secrets/projects/:project/environments/:environment',
    summary: 'List the secrets of an environment',
    role: 'developer',
    params: ofProject.extend({ environment }),
    response: secrets,
  },
  setEnvironmentSecret: {
    method: 'PUT',
    path: '/secrets/projects/:project/environments/:environment/secrets/:name',
    summary: 'Set a secret of an environment',
    role: 'maintainer',
    params: ofProject.extend({ environment, name: secretName }),
    body: z.object({ value }),
    response: secretSchema,
  },
  removeEnvironmentSecret: {
    method: 'DELETE',
    path: '/secrets/projects/:project/environments/:environment/secrets/:name',
    summary: 'Delete a secret of an environment',
    role: 'maintainer',
    params: ofProject.extend({ environment, name: secretName }),
    response: done,
  },
  accesses: {
    method: 'GET',
    path: '/secrets/accesses',
    summary: 'List who read which secret, newest first',
    role: 'maintainer',
    query: z.object({ ...pageQuery, projectId: z.uuid().optional(), name: secretName.optional() }),
    response: pageOf(
      z.object({
        id: z.string(),
        at: z.string(),
        name: z.string(),
        /** `context:<name>`, `project`, `environment:<name>`. */
        scope: z.string(),
        projectId: z.uuid().nullable(),
        /** What read it: `run:<id>`, `deployment:<id>`, `remote`. */
        reader: z.string(),
      }),
    ),
  },
  rotateKey: {
    method: 'POST',
    path: '/secrets/key/rotate',
    summary: 'Make a new encryption key and encrypt every secret with it',
    role: 'owner',
    response: z.object({ keyId: z.string(), reencrypted: z.number().int() }),
  },
});
