export { lineProgress, type Progress, silentProgress } from './progress.ts';
export { type LocalRun, type LocalRunOptions, runLocally } from './run-locally.ts';
export { readSettings, type Settings } from './settings.ts';
export { type Running, start } from './start.ts';
export { version } from './version.ts';
