/** What to type to send the first error to a project. */
export function installCommand(dsn: string): string {
  return `pip install sentry-sdk\nSENTRY_DSN=${dsn} python -c 'import sentry_sdk; sentry_sdk.init(); 1/0'`;
}
