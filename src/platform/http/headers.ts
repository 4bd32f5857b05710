/** Header fields of a request as Node gives them, names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A field that may stand once; undefined when it is absent, or stands there more than once where Node keeps a list. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
