/** The request behind a page that no `millrace` command has yet, for a shell. Paths are below /api/v1. */
export function apiCommand(path: string, query: Record<string, string | number | undefined> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `curl -H "Authorization: Bearer $MILLRACE_TOKEN" "${location.origin}/api/v1${path}${text && `?${text}`}"`;
}

/** ` --project slug`, or nothing for every project. */
export function projectFlag(slug: string | undefined): string {
  return slug ? ` --project ${slug}` : '';
}
