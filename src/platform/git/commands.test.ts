import { describe, expect, it } from 'vitest';
import * as commands from './commands.ts';

/** What `git config --list` would show, from the environment of a command. */
function configOf(command: commands.GitCommand): string[] {
  const count = Number(command.env.GIT_CONFIG_COUNT);
  return Array.from(
    { length: count },
    (_, index) => `${command.env[`GIT_CONFIG_KEY_${index}`]}=${command.env[`GIT_CONFIG_VALUE_${index}`]}`,
  );
}

describe('git commands', () => {
  it('runs in an environment of its own', () => {
    process.env.GIT_DIR_FOR_TEST = 'x';
    const { env } = commands.archive('/r.git', 'main');
    expect(
      Object.keys(env)
        .filter((name) => !name.startsWith('GIT_CONFIG_'))
        .sort(),
    ).toEqual(['GIT_ASKPASS', 'GIT_OPTIONAL_LOCKS', 'GIT_TERMINAL_PROMPT', 'HOME', 'LC_ALL', 'PATH']);
    expect(env.GIT_CONFIG_NOSYSTEM).toBe('1');
    expect(env.GIT_CONFIG_GLOBAL).toBe('/dev/null');
    expect(configOf(commands.archive('/r.git', 'main'))).toContain('core.hooksPath=/dev/null');
  });

  it('are exact values', () => {
    expect(commands.initBare('/r.git', 'main').argv).toEqual([
      'init',
      '--quiet',
      '--bare',
      '--initial-branch=main',
      '--template=',
      '/r.git',
    ]);
    expect(commands.archive('/r.git', 'abc').argv).toEqual(['--git-dir=/r.git', 'archive', '--format=tar', 'abc']);
    expect(commands.log('/r.git', { to: 'b', not: 'a', limit: 3, path: 'src/*.c' }).argv.slice(4)).toEqual([
      '--max-count=3',
      '--end-of-options',
      'b',
      '^a',
      '--',
      ':(literal)src/*.c',
    ]);
    expect(commands.changedFiles('/r.git', 'a', 'b').argv).toEqual([
      '--git-dir=/r.git',
      'diff',
      '-z',
      '--name-only',
      '--no-renames',
      '--no-ext-diff',
      'a',
      'b',
      '--',
    ]);
  });

  it('takes pushes to branches and tags only, up to a size, with the hooks it is given', () => {
    const command = commands.receivePack('/r.git', {
      protocol: 'version=2',
      limitBytes: 1000,
      hooksDirectory: '/hooks',
      hookEnvironment: { MILLRACE_PUSH: 'p1' },
    });
    expect(command.argv).toEqual(['receive-pack', '--stateless-rpc', '/r.git']);
    expect(command.env).toMatchObject({ GIT_PROTOCOL: 'version=2', MILLRACE_PUSH: 'p1' });
    const config = configOf(command);
    expect(config).toContain('receive.maxInputSize=1000');
    expect(config.lastIndexOf('core.hooksPath=/hooks')).toBeGreaterThan(config.indexOf('core.hooksPath=/dev/null'));
    expect(config.filter((line) => line.startsWith('receive.hideRefs'))).toEqual([
      'receive.hideRefs=refs/',
      'receive.hideRefs=!refs/heads/',
      'receive.hideRefs=!refs/tags/',
    ]);
  });

  it('passes on no protocol header that git would not send', () => {
    expect(commands.uploadPack('/r.git', 'version=2').env.GIT_PROTOCOL).toBe('version=2');
    expect(commands.uploadPack('/r.git', 'version=2\nX').env.GIT_PROTOCOL).toBeUndefined();
  });

  it('keeps credentials out of the arguments', () => {
    const command = commands.fetchMirror('/r.git', {
      url: 'https://forge.example/team/app.git',
      credentials: { user: 'oauth2', password: 's3cret' },
      protocols: ['http', 'https'],
    });
    expect(command.argv.join(' ')).not.toContain('s3cret');
    expect(command.env.GIT_ALLOW_PROTOCOL).toBe('http:https');
    expect(configOf(command)).toContain(
      `http.https://forge.example/.extraHeader=Authorization: Basic ${Buffer.from('oauth2:s3cret').toString('base64')}`,
    );
  });
});
