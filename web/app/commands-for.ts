/** ` --project slug`, or nothing for every project. */
export function projectFlag(slug: string | undefined): string {
  return slug ? ` --project ${slug}` : '';
}

/** The `millrace query` that asks this on the command line, quoted for a shell. */
export function queryCommand(nrql: string, slug?: string | undefined): string {
  return `millrace query "${nrql.replaceAll(/\s+/g, ' ').replaceAll(/(["\\$`])/g, '\\$1')}"${projectFlag(slug)}`;
}
