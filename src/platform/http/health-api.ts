import { z } from 'zod';
import { defineContract } from './contract.ts';

/** How the server itself fares. */
export const healthContract = defineContract('health', {
  get: {
    method: 'GET',
    path: '/health',
    summary: 'Tell how the server fares, and what is wrong in words',
    role: 'public',
    anonymous: true,
    response: z.object({
      status: z.enum(['ok', 'impaired']),
      problems: z.array(
        z.object({
          code: z.string().describe('Stable word: `platform.disk-full`, `platform.store-away`'),
          message: z.string(),
          hint: z.string(),
          since: z.string().nullable(),
        }),
      ),
    }),
  },
});
