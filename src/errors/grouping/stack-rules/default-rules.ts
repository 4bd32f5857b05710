import { callKinds } from './call-kinds.ts';
import { nativePlaces } from './native-rules.ts';
import { parseStackRules } from './parse.ts';
import type { StackRule } from './rule.ts';
import { innerOutOfApp, innerUngrouped, is, native, outerUngrouped, outOfApp, rule, ungrouped } from './table.ts';

/** What follows from the categories of neighbours: the outermost call into a kind of system code says it all. */
const neighbours = parseStackRules(`
category:driver | [ category:driver ] category=internals
[ category:gl ] | category:gl category=internals
[ category:av ] | category:av category=internals
[ category:malloc ] | category:malloc category=internals
category:throw ^-group
[ function:_purecall ] | category:throw category=internals
[ category:throw ] | category:throw category=internals
`).rules;

const quietened: StackRule[] = [
  rule('where a thread begins', { category: ['threadbase'] }, ungrouped, outerUngrouped),
  rule('signal handler', { category: ['handler'] }, innerUngrouped, ungrouped),
  rule('telemetry, indirection or internals', { category: ['telemetry', 'indirection', 'internals'] }, ungrouped),
];

const garbage = [
  ...parseStackRules(`
family:native category:system function:_* !function:_purecall category=internals
family:native category:system function:"<unknown>" category=internals
`).rules,
  rule(
    'names a compiler made',
    {
      ...native,
      function: [
        '_INTERNAL*',
        'closure',
        'Collection.map<T>',
        'Array.subscript.getter',
        'Array._getElement',
        '_ArrayBuffer._nativeTypeChecked.getter',
        'range',
        '@callee_guaranteed',
      ],
    },
    is('internals'),
  ),
  rule('rarely taken half of a function', { ...native, function: ['*.cold.1'] }, is('indirection')),
  ...parseStackRules(`
[ !category:system ] | category:system | [ !category:system ] category=indirection
[ category:{free,system,std,ui,internals,load,throw,runtime} ] | category:system category=internals
[ category:std ] | category:std category=internals
[ category:{ui,internals} ] | category:ui category=internals
[ category:load ] | category:load category=internals
[ category:runtime ] | category:runtime category=internals
[ category:dtor ] | category:dtor category=internals
`).rules,
];

const libraries: StackRule[] = [
  rule('code under vendor/', { path: ['**/vendor/**'] }, outOfApp),
  rule('installed Python package', { path: ['**/site-packages/**', '**/dist-packages/**'] }, outOfApp),
  rule('installed npm package', { path: ['**/node_modules/**'] }, outOfApp),
  rule('script of a public package server', { module: ['unpkg/**'] }, outOfApp),
  rule(
    'script of a public package server',
    {
      path: [
        'https://unpkg.com/**',
        'https://cdnjs.cloudflare.com/**',
        'https://cdn.jsdelivr.net/**',
        'https://esm.run/**',
        '/https://unpkg.com/**',
        '/https://cdnjs.cloudflare.com/**',
        '/https://cdn.jsdelivr.net/**',
        '/https://esm.run/**',
      ],
    },
    outOfApp,
  ),
  rule('reporting an error', { family: ['javascript'], function: ['reportError'] }, innerOutOfApp, outOfApp),
  rule(
    'polyfill or transpiler',
    { module: ['@babel/**', 'core-js/**', 'regenerator-runtime/**', 'tslib/**'] },
    outOfApp,
    ungrouped,
  ),
  rule(
    'the event loop',
    { function: ['runMicrotasks', 'queueMicrotask', 'processTicksAndRejections', 'runNextTicks', 'nextTick'] },
    outOfApp,
    ungrouped,
  ),
  rule('Dart SDK', { family: ['javascript'], path: ['org-dartlang-sdk:///**'] }, outOfApp, ungrouped),
  rule('Flutter', { family: ['javascript'], module: ['**/packages/flutter/**'] }, outOfApp),
  rule('Go module cache', { path: ['**/go/pkg/mod/**'] }, outOfApp),
  rule(
    'runtime or framework on the Java machine',
    {
      module: [
        'jdk.*',
        'sun.*',
        'com.sun.*',
        'java.*',
        'javax.*',
        'scala.*',
        'akka.*',
        'org.apache.*',
        'org.springframework.*',
        'org.glassfish.*',
        'org.jboss.*',
        'feign.*',
        'io.opentelemetry.*',
        'kotlin.*',
        'kotlinx.*',
        'io.ktor.*',
        'io.netty.*',
      ],
    },
    outOfApp,
  ),
  rule("the reporting client's own code", { module: ['io.sentry.*'] }, outOfApp, ungrouped),
  rule('telemetry library', { module: ['newrelic'] }, outOfApp, ungrouped),
  rule('telemetry library', { path: ['**/*newrelic*/**', '**/*LogRocket*/**'] }, outOfApp, ungrouped),
];

/**
 * The rules every project starts with: what is never the application's own code, and which calls are noise. Written as tables, so that
 * hundreds of names cost one test for each kind. Which names belong here follows the default rules that clients of this algorithm
 * know (published with Sentry's rule engine under the Apache licence); wording, order within a kind and form are ours.
 * In the order they are applied; a project's own come after them.
 */
export const defaultStackRules: readonly StackRule[] = [
  ...nativePlaces,
  ...callKinds.map(([kind, where]) => rule(kind, where, is(kind))),
  ...neighbours,
  ...quietened,
  ...garbage,
  ...libraries,
];
