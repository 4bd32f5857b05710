export { examplesDirectory, runDemo } from './demo/run-demo.ts';
export type { StoryResult } from './demo/story.ts';
export { lineProgress, silentProgress } from './progress.ts';
export { type LocalRun, runLocally } from './run-locally.ts';
export { readSettings } from './settings.ts';
export { start } from './start.ts';
export { version } from './version.ts';
