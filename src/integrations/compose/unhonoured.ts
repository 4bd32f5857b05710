import type { Plain } from './document.ts';

/** Fields of a service that change what is deployed. */
const honoured = new Set(
  (
    'build image command entrypoint environment env_file ports expose healthcheck depends_on links volumes tmpfs deploy scale ' +
    'working_dir user stop_signal stop_grace_period restart labels cpus mem_limit extends profiles'
  ).split(' '),
);

/** Fields that only name things or serve a developer at a terminal: leaving them out changes nothing that a service notices. */
const harmless = new Set(
  'annotations attach container_name develop hostname logging networks pull_policy stdin_open tty'.split(' '),
);

/** Says which known fields of a service are left out, so that nobody believes in a setting that is not in force. */
export function reportUnhonoured(
  name: string,
  service: Plain,
  report: (path: string[], message: string, hint: undefined, severity: 'info' | 'warning') => void,
): void {
  for (const [field, value] of Object.entries(service)) {
    if (honoured.has(field) || field.startsWith('x-') || value === null || value === undefined) continue;
    report(
      [field],
      `"${field}" of service "${name}" is not carried out`,
      undefined,
      harmless.has(field) ? 'info' : 'warning',
    );
  }
}
