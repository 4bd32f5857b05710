import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';

/** Needed once a year; until then it takes no memory. */
const maker = () => import('selfsigned');

/** A certificate with its key, in PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

const dayMs = 86_400_000;
const authorityDays = 3650;
const certificateDays = 397;
/** Made anew when it has less than this left. */
const renewDays = 60;

/**
 * A certificate for `hosts` (names and addresses) from an authority of this installation, kept in `directory`. Whoever trusts
 * `ca.pem` there trusts every certificate that follows: only the certificate is made anew, when it runs out or a host is new.
 */
export async function openCertificate(directory: string, hosts: readonly string[], clock: Clock): Promise<Certificate> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = (await read(directory, 'ca')) ?? (await makeAuthority(directory, clock));
  const kept = await read(directory, 'server');
  if (kept && isGood(kept, authority, hosts, clock.now())) return kept;
  const { generate } = await maker();
  const pem = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.key, cert: authority.cert },
    notBeforeDate: new Date(clock.now() - dayMs),
    notAfterDate: new Date(clock.now() + certificateDays * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
      },
    ],
  });
  return write(directory, 'server', { cert: pem.cert, key: pem.private });
}

async function makeAuthority(directory: string, clock: Clock): Promise<Certificate> {
  const { generate } = await maker();
  const pem = await generate([{ name: 'commonName', value: 'Millrace of this installation' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(clock.now() - dayMs),
    notAfterDate: new Date(clock.now() + authorityDays * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return write(directory, 'ca', { cert: pem.cert, key: pem.private });
}

/** Undefined when one of the two files is not there or cannot be read as what it is. */
async function read(directory: string, name: string): Promise<Certificate | undefined> {
  try {
    const cert = await readFile(join(directory, `${name}.pem`), 'utf8');
    const key = await readFile(join(directory, `${name}.key`), 'utf8');
    new X509Certificate(cert);
    return { cert, key };
  } catch {
    return undefined;
  }
}

async function write(directory: string, name: string, pair: Certificate): Promise<Certificate> {
  for (const [ending, text, mode] of [
    ['key', pair.key, 0o600],
    ['pem', pair.cert, 0o644],
  ] as const) {
    const path = join(directory, `${name}.${ending}`);
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  }
  return pair;
}

function isGood(kept: Certificate, authority: Certificate, hosts: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(kept.cert);
  const issued = certificate.checkIssued(new X509Certificate(authority.cert));
  const lasts = Date.parse(certificate.validTo) - now > renewDays * dayMs;
  const covers = hosts.every((host) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)));
  return issued && lasts && covers;
}
