/** What to type to send the first error; with the project's own address when it is known. */
export function installCommand(dsn: string | undefined): string {
  return `pip install sentry-sdk\nSENTRY_DSN=${dsn ?? 'http://KEY@localhost:7400/1'} python -c 'import sentry_sdk; sentry_sdk.init(); 1/0'`;
}
