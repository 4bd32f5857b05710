import type { StackRule } from './rule.ts';
import { inApp, innerOutOfApp, innerUngrouped, native, outOfApp, rule, ungrouped } from './table.ts';

/** Where native code of applications and of systems lies, and where raising and crash reporting begin. */
export const nativePlaces: StackRule[] = [
  rule(
    'an app on an iPhone or in its simulator',
    {
      ...native,
      package: [
        '/var/containers/Bundle/Application/**',
        '/private/var/containers/Bundle/Application/**',
        '**/Developer/CoreSimulator/Devices/**',
        '**/Containers/Bundle/Application/**',
      ],
    },
    inApp,
  ),
  rule('system library of a Unix', { ...native, package: ['/lib/**', '/usr/lib/**', 'linux-gate.so*'] }, outOfApp),
  rule('locally installed library', { ...native, path: ['/usr/local/lib/**', '/usr/local/Cellar/**'] }, outOfApp),
  rule('an app on a Mac', { ...native, package: ['**.app/Contents/**', '/Users/**'] }, inApp),
  rule("Rust's own library", { ...native, function: ['std::*', 'core::*', 'alloc::*', '__rust_*'] }, outOfApp),
  rule(
    'where raising begins',
    {
      ...native,
      function: [
        'std::panicking::begin_panic',
        'core::panicking::begin_panic',
        'failure::backtrace::Backtrace::new',
        'error_chain::make_backtrace',
        '_CxxThrowException',
        '__cxa_throw',
        '__assert_rtn',
        '_NSRaiseError',
      ],
    },
    innerUngrouped,
    ungrouped,
    innerOutOfApp,
    outOfApp,
  ),
  rule('header of a Mach-O file', { ...native, function: ['_mh_execute_header'] }, ungrouped, outOfApp),
  rule(
    'crash reporter',
    {
      ...native,
      function: [
        'google_breakpad::*',
        'kscm_*',
        'sentrycrashcm_*',
        'kscrash_*',
        '*sentrycrash_*',
        '?[[]KSCrash*',
        '?[[]RNSentry*',
        '__*[[]Sentry*',
        '?[[]Sentry*',
      ],
    },
    outOfApp,
    ungrouped,
  ),
  rule(
    'where a crash reporter takes over',
    {
      ...native,
      function: [
        'google_breakpad::ExceptionHandler::SignalHandler',
        'google_breakpad::ExceptionHandler::WriteMinidumpWithException',
      ],
    },
    innerUngrouped,
    ungrouped,
  ),
  rule(
    'framework beside the app',
    {
      ...native,
      package: [
        '**/Frameworks/libswift*.dylib',
        '**/Frameworks/KSCrash.framework/**',
        '**/Frameworks/SentrySwift.framework/**',
        '**/Frameworks/Sentry.framework/**',
      ],
    },
    outOfApp,
  ),
];
