export { reserveOf } from '../platform/files/disk-room.ts';
export { type Demo, examplesDirectory, startDemo } from './demo/run-demo.ts';
export type { StoryResult } from './demo/story.ts';
export { lineProgress, type Progress, silentProgress } from './progress.ts';
export { type LocalRun, runLocally } from './run-locally.ts';
export { readSettings, type SocketPort } from './settings.ts';
export { start } from './start.ts';
export { version } from './version.ts';
