import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ErrorReport } from './report.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** A report as it is kept. Level 1: most of the gain at a fifth of the time. */
export const packReport = (report: ErrorReport): Promise<Uint8Array> =>
  deflate(Buffer.from(JSON.stringify(report)), { level: 1 });

export async function unpackReport(body: Uint8Array): Promise<ErrorReport> {
  return JSON.parse((await inflate(body)).toString()) as ErrorReport;
}
