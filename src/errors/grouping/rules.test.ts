import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupEvent } from '../group-file.ts';
import type { JsonObject } from '../lenient.ts';
import { parseFingerprintRules } from './fingerprint-rules/parse.ts';
import { globTest } from './stack-rules/glob.ts';
import { parseStackRules } from './stack-rules/parse.ts';

describe('globs', () => {
  test.each([
    ['std::*', 'std::panicking::begin', true],
    ['std::*', 'mystd::x', false],
    ['?[[]Crash*', '-[CrashReporter run]', true],
    ['*::\\{dtor\\}', 'a::B<T>::{dtor}', true],
    ['{a,b}.c', 'b.c', true],
    ['[!a]x', 'bx', true],
    ['[!a]x', 'ax', false],
    ['plain', 'plain2', false],
    ['a{b', 'a{b', true],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(globTest([glob])!(text)).toBe(expected);
  });

  test.each([
    ['**/vendor/**', '/srv/app/vendor/x.rb', true],
    ['**/vendor/**', 'vendor/x.rb', true],
    ['**/vendor/**', '/srv/myvendor/x.rb', false],
    ['/usr/*/x', '/usr/lib/x', true],
    ['/usr/*/x', '/usr/lib/deep/x', false],
    ['/usr/**/x', '/usr/x', true],
    ['C:/Windows/**', 'c:/windows/system32/a.dll', true],
    ['**.app/Contents/**', 'Shop.app/Contents/MacOS/Shop', true],
  ])('path %s on %s: %s', (glob, text, expected) => {
    expect(globTest([glob], { isPath: true, ignoreCase: true })!(text)).toBe(expected);
  });

  test('any pattern is read, and quickly met by any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.boolean(), (glob, text, isPath) => {
        expect([true, false, undefined]).toContain(globTest([glob], { isPath })?.(text));
      }),
    );
  });
});

const frame = (name: string, more: JsonObject = {}): JsonObject => ({
  function: name,
  filename: 'a.py',
  module: 'shop',
  in_app: true,
  ...more,
});
const event = (...frames: JsonObject[]): JsonObject => ({
  platform: 'python',
  exception: { values: [{ type: 'Timeout', value: 'x', mechanism: { type: 'hook' }, stacktrace: { frames } }] },
});

/** The functions that decide in a variant. */
function deciding(payload: JsonObject, stackRules: string, variant = 'app'): string[] {
  const result = groupEvent(payload, { stackRules });
  expect(result.problems).toEqual([]);
  const found: string[] = [];
  const walk = (node: { id: string; contributes: boolean; values: unknown[] }): void => {
    if (!node.contributes) return;
    if (node.id === 'function') found.push(String(node.values[0]));
    for (const value of node.values) if (typeof value === 'object') walk(value as typeof node);
  };
  const tree = result.variants.find(({ name }) => name === variant)?.tree;
  if (tree) walk(tree);
  return found;
}

describe('stack trace rules', () => {
  const stack = event(frame('main'), frame('handle'), frame('retry'), frame('send'));
  test.each([
    ['', ['main', 'handle', 'retry', 'send']],
    ['function:retry -group', ['main', 'handle', 'send']],
    ['function:retry ^-group', ['main', 'handle', 'retry']],
    ['function:retry v-group', ['retry', 'send']],
    ['function:retry v-app', ['retry', 'send']],
    ['function:retry -group\nfunction:re* +group', ['main', 'handle', 'retry', 'send']],
    ['error.type:Timeout max-frames=2', ['retry', 'send']],
    ['error.type:Other max-frames=2', ['main', 'handle', 'retry', 'send']],
    ['error.type:Timeout min-frames=5', []],
    ['!function:send -group', ['send']],
    ['[ function:handle ] | function:* -group', ['main', 'handle', 'send']],
    ['function:* | [ function:send ] -group', ['main', 'handle', 'send']],
    ['[function:handle] | function:retry | [function:send] -group', ['main', 'handle', 'send']],
    ['function:handle category=glue\ncategory:glue -group', ['main', 'retry', 'send']],
    ['family:javascript -group', ['main', 'handle', 'retry', 'send']],
    ['family:other,native function:main -group', ['handle', 'retry', 'send']],
    ['module:"shop" function:"main" -group  # a remark', ['handle', 'retry', 'send']],
    ['error.mechanism:hook function:main -group', ['handle', 'retry', 'send']],
  ])('%j leaves %j', (rules, expected) => {
    expect(deciding(stack, rules)).toEqual(expected);
  });

  test('what is not the application’s never decides for it, whatever a rule says of groups', () => {
    const mixed = event(frame('lib', { in_app: false }), frame('own'));
    expect(deciding(mixed, 'function:lib +group')).toEqual(['own']);
    expect(deciding(mixed, 'app:no -group', 'system')).toEqual(['own']);
    expect(deciding(mixed, 'function:lib +app')).toEqual(['lib', 'own']);
  });

  test.each([
    ['function:x', 'the rule does nothing'],
    ['-group', 'nothing about where'],
    ['colour:red -group', 'no condition named colour'],
    ['function:x -colour', 'neither a condition nor an action'],
    ['function:x max-frames=many', 'wants a number'],
    ['[ function:x -group', 'not closed'],
    ['function:"x -group', 'a quote is not closed'],
  ])('says what is wrong with %j', (line, message) => {
    const { rules, problems } = parseStackRules(`# first\n${line}`);
    expect(rules).toEqual([]);
    expect(problems).toMatchObject([{ line: 2, message: expect.stringContaining(message) }]);
  });
});

describe('fingerprint rules', () => {
  const grouped = (payload: JsonObject, fingerprintRules: string) => {
    const result = groupEvent(payload, { fingerprintRules });
    expect(result.problems).toEqual([]);
    return { fingerprint: result.variants.find((one) => one.contributes)?.fingerprint, title: result.title };
  };
  const slow = { message: 'GET /a TIMED out', level: 'warning', logger: 'net', tags: { region: 'eu' }, release: 'r7' };
  test.each([
    ['message:"*timed out*" -> slow', ['slow']],
    ['message:"*timed out*" -> slow, {{tags.region}}', ['slow', 'eu']],
    ['message:"*timed out*" -> slow-{{ logger }}-{{ tags.zone }}', ['slow-net-<no-value-for-tag-zone>']],
    ['level:WARNING logger:net -> a\nlogger:net -> b', ['a']],
    ['logger:other -> a\nlogger:net -> b', ['b']],
    ['!logger:other release:r* -> a', ['a']],
    ['tags.region:eu -> {{ default }} eu', ['{{ default }}', 'eu']],
    ['logger:other -> a', null],
    ['logger:net -> "two words" {{ error.type }}', ['two words', '<no-type>']],
  ])('%j gives %j', (rules, expected) => {
    expect(grouped(slow, rules).fingerprint).toEqual(expected);
  });

  test('conditions on frames must meet in one frame', () => {
    const stack = event(frame('main', { module: 'a' }), frame('send', { module: 'b' }));
    expect(grouped(stack, 'stack.function:send stack.module:b -> x').fingerprint).toEqual(['x']);
    expect(grouped(stack, 'stack.function:send stack.module:a -> x').fingerprint).toBe(null);
    expect(grouped(stack, 'error.type:Timeout app:yes -> x {{ function }}').fingerprint).toEqual(['x', 'send']);
  });

  test('the project goes before the client, the client before built-in rules', () => {
    const own = { ...slow, fingerprint: ['client'] };
    expect(grouped(own, 'logger:net -> project').fingerprint).toEqual(['project']);
    const chunk = { platform: 'javascript', exception: [{ type: 'ChunkLoadError', value: 'Loading chunk 3 failed.' }] };
    expect(grouped(chunk, '').fingerprint).toEqual(['chunkload-error']);
    expect(grouped({ ...chunk, fingerprint: ['client'] }, '').fingerprint).toEqual(['client']);
  });

  test('names the event where the rule says how', () => {
    expect(grouped(slow, 'logger:net -> slow title="Slow in {{ tags.region }}"').title).toBe('Slow in eu');
  });

  test.each([
    ['message:x', 'arrow'],
    ['-> x', 'where it applies'],
    ['message:x ->', 'fingerprint is missing'],
    ['colour:red -> x', 'no condition named colour'],
    ['message:x -> y colour="red"', 'no attribute named colour'],
  ])('says what is wrong with %j', (line, message) => {
    expect(parseFingerprintRules(line).problems).toMatchObject([
      { line: 1, message: expect.stringContaining(message) },
    ]);
  });
});

test('any text can be given as rules, and any event grouped by them', () => {
  const words = fc.constantFrom(
    'function:*',
    '[',
    ']',
    '|',
    '-group',
    '^+app',
    '->',
    '"',
    '{{ default }}',
    '!',
    'x=1',
    '#',
  );
  const line = fc.array(fc.oneof(words, fc.string()), { maxLength: 8 }).map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const text = lines.join('\n');
      const result = groupEvent(event(frame('a'), frame('b')), { stackRules: text, fingerprintRules: text });
      expect(result.hashes.length).toBeGreaterThan(0);
    }),
  );
});

test('a checksum of the client is the hash', () => {
  expect(groupEvent({ message: 'a', checksum: 'ABCDEF0123456789abcdef0123456789' }).hashes).toEqual([
    'abcdef0123456789abcdef0123456789',
  ]);
  expect(groupEvent({ message: 'a', checksum: 'mine' }).variants[0]!.name).toBe('hashed_checksum');
});
