/** Everything this program makes with an engine carries these labels, and only what carries them is ever touched. */
export const label = {
  /** Which data directory it belongs to: several installations may share one engine. */
  installation: 'io.millrace.installation',
  instance: 'io.millrace.instance',
  environment: 'io.millrace.environment',
  project: 'io.millrace.project',
  service: 'io.millrace.service',
  group: 'io.millrace.group',
  port: 'io.millrace.port',
};
