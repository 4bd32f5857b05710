import { parseFingerprintRules } from './parse.ts';

/**
 * Rules for errors that have one cause however different they look: a browser that still runs the page of an earlier deployment asks
 * for parts of it that are gone. They apply where neither the client nor the project says otherwise.
 */
export const builtInFingerprintRules = parseFingerprintRules(
  `
family:javascript error.type:ChunkLoadError -> chunkload-error
family:javascript error.value:"ChunkLoadError: Loading chunk *" -> chunkload-error
family:javascript error.value:"Uncaught *ChunkLoadError: Loading chunk *" -> chunkload-error
`,
  true,
).rules;
