import { type EngineOptions, startEngine } from './engine.ts';

/** A server process with nothing but the engine in it, to be killed: options as JSON in its first argument, `ready` on standard output. */
const options = JSON.parse(process.argv[2] ?? '{}') as EngineOptions;
await startEngine(options);
process.stdout.write('ready\n');
setInterval(() => {}, 60_000);
