export { createSentryApi } from './api.ts';
export { createSentryIntake } from './intake.ts';
