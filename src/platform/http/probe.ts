import { request } from 'node:http';
import { connect } from 'node:net';

export interface ProbeResult {
  healthy: boolean;
  /** What was seen, in a few words. */
  detail: string;
}

/**
 * Looks once whether something answers at an address: a GET that is answered below 400, or a connection that is accepted.
 * Never rejects, and takes no longer than `timeoutMs`.
 */
export function probeAddress(
  address: { host: string; port: number },
  test: { kind: 'http'; path: string } | { kind: 'tcp' },
  timeoutMs: number,
): Promise<ProbeResult> {
  return test.kind === 'http' ? get(address, test.path, timeoutMs) : accept(address, timeoutMs);
}

function get(address: { host: string; port: number }, path: string, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    // The name that frameworks with a list of allowed hosts allow most often.
    const headers = { host: 'localhost', 'user-agent': 'Millrace-health' };
    const probe = request({ ...address, path, headers, agent: false }, (answer) => {
      answer.resume();
      clearTimeout(timer);
      const status = answer.statusCode ?? 0;
      resolve({ healthy: status > 0 && status < 400, detail: `GET ${path} answers ${status}` });
    });
    const timer = setTimeout(() => probe.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    probe.on('error', (error) => {
      clearTimeout(timer);
      resolve({ healthy: false, detail: `GET ${path}: ${error.message}` });
    });
    probe.end();
  });
}

function accept(address: { host: string; port: number }, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ ...address });
    const done = (healthy: boolean, detail: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ healthy, detail });
    };
    const timer = setTimeout(() => done(false, `no connection within ${timeoutMs} ms`), timeoutMs);
    socket.once('connect', () => done(true, 'its port accepts connections'));
    socket.once('error', (error) => done(false, error.message));
  });
}
