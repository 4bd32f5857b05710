import { writeFileSync } from 'node:fs';
import { contracts } from './contracts.ts';
import { printOperations } from './print-operations.ts';

const target = new URL('../client/generated/operations.ts', import.meta.url);
writeFileSync(target, printOperations(contracts));
