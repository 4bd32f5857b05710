import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { Fault } from '../../kernel/faults.ts';

const decompress = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/**
 * Undoes the content encoding of a body that is held in memory: none, gzip or deflate. Throws a Fault: `too-large` past `mostBytes`
 * (which is checked while it unpacks, so a bomb costs no more than that), `invalid` for a broken body or another encoding.
 */
export async function inflateBody(body: unknown, encoding: string | undefined, mostBytes: number): Promise<Buffer> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return bytes;
  if (name !== 'gzip' && name !== 'deflate') {
    throw new Fault('invalid', `Content-Encoding "${name}" is not gzip or deflate`, { code: 'http.encoding' });
  }
  try {
    return await decompress[name](bytes, { maxOutputLength: mostBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new Fault('too-large', `The body is larger than ${mostBytes} bytes once decompressed`, {
        code: 'http.inflated-too-large',
      });
    }
    throw new Fault('invalid', `The body is not ${name}`, { code: 'http.encoding', cause: error });
  }
}
