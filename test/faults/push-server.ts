import { startFoundation } from '../harness/foundation.ts';

/** A server with the foundation rooms in a process of its own, to be killed: `push-server.ts <database> <directory> <port>`. */
const [databaseUrl, directory, port] = process.argv.slice(2);
const foundation = await startFoundation({ databaseUrl: databaseUrl!, directory: directory!, port: Number(port) });
foundation.startLoop('projects.pushes');
foundation.startLoop('projects.housekeeping');
process.stdout.write(`ready ${foundation.url}\n`);
