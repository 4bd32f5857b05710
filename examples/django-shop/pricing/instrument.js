// Loaded before everything else, so that the SDK can watch what is loaded later.
// SENTRY_DSN, SENTRY_RELEASE and SENTRY_ENVIRONMENT say where to and what; without a DSN nothing is sent.
import * as Sentry from '@sentry/node';

Sentry.init({
  tracesSampler: ({ name, inheritOrSampleWith }) => (name.includes('/healthz') ? 0 : inheritOrSampleWith(1)),
  initialScope: { tags: { service: process.env.MILLRACE_SERVICE ?? 'pricing' } },
});
