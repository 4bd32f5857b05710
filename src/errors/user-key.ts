import { createHash } from 'node:crypto';

/** What names a user, best first. */
export const userFields = ['id', 'email', 'username', 'ip_address'] as const;

/** Stands for a user in counts, named by one of the fields: 64 bits as a signed decimal number. */
export const userKeyOf = (field: (typeof userFields)[number], value: string): string =>
  createHash('sha1').update(`${field}:${value}`).digest().readBigInt64BE().toString();
