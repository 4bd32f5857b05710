import { describe, expect, it } from 'vitest';
import { Fault } from '../kernel/faults.ts';
import { readSettings } from './settings.ts';

describe('settings', () => {
  it('has a default for everything', () => {
    const settings = readSettings({});
    expect(settings.port).toBe(7400);
    expect(settings.gatewayPort).toBe(7480);
    expect(settings.host).toBe('127.0.0.1');
    expect(settings.databaseUrl).toBeUndefined();
  });

  it('reads a mail server: encrypted where a password travels', () => {
    const read = (url: string) =>
      readSettings({ MILLRACE_SMTP_URL: url, MILLRACE_MAIL_FROM: 'ci@example.org' }).mailServer;
    expect(read('smtp://ada%40example.org:p%3Ass@mail.example.org')).toEqual({
      host: 'mail.example.org',
      port: 587,
      tls: 'starttls',
      username: 'ada@example.org',
      password: 'p:ss',
      from: 'ci@example.org',
    });
    expect(read('smtps://mail.example.org')).toMatchObject({ port: 465, tls: 'implicit', username: null });
    expect(read('smtp://127.0.0.1:1025')).toMatchObject({ port: 1025, tls: 'opportunistic' });
    for (const wrong of ['mail.example.org:25', 'http://mail.example.org', 'smtp://'])
      expect(() => read(wrong)).toThrow(Fault);
  });

  it('takes addresses of PostgreSQL with and without a host', () => {
    for (const url of [
      'postgres://millrace:secret@db.example.org:5432/millrace?sslmode=require',
      'postgresql://millrace@/millrace?host=%2Fvar%2Frun%2Fpostgresql',
      'postgres:///millrace?host=/tmp',
    ])
      expect(readSettings({ DATABASE_URL: url }).databaseUrl).toBe(url);
    for (const url of ['postgres://[', 'mysql://x/y', 'not an address'])
      expect(() => readSettings({ DATABASE_URL: url })).toThrow(Fault);
  });

  it('names every mistake at once', () => {
    const read = () =>
      readSettings({ MILLRACE_PORT: 'seven', DATABASE_URL: 'mysql://x', MILLRACE_RUNTIME: 'lxc', MILLRACE_JOBS: '-1' });
    expect(read).toThrow(Fault);
    try {
      read();
    } catch (error) {
      expect((error as Fault).problems.map((problem) => problem.file)).toEqual([
        'MILLRACE_JOBS',
        'MILLRACE_PORT',
        'DATABASE_URL',
        'MILLRACE_RUNTIME',
      ]);
    }
  });
});
