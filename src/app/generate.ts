import { writeFileSync } from 'node:fs';
import { millraceJsonSchema } from '../deployments/index.ts';
import { contracts } from './contracts.ts';
import { printOperations } from './print-operations.ts';

const target = new URL('../client/generated/operations.ts', import.meta.url);
writeFileSync(target, printOperations(contracts));

const schema = new URL('../../docs/millrace.schema.json', import.meta.url);
writeFileSync(schema, `${JSON.stringify(millraceJsonSchema(), null, 2)}\n`);
