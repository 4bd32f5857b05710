export { createSentryIntake } from './intake.ts';
