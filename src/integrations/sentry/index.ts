export { createSentryIntake, type SentryDeps } from './intake.ts';
