import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import type { Log } from '../observe/log.ts';
import { entryArgv } from '../process/entry.ts';
import { type Exit, type Kept, keep } from '../process/keeper.ts';
import { endOrphans } from '../process/orphans.ts';
import { supervise } from '../process/supervise.ts';

export interface StartClickHouse {
  /** Holds the data. The caller holds the lock on it (`openDataDirectory`). */
  dataDir: string;
  log: Log;
  /** Called each time ClickHouse ends without being asked to; it is started again by itself, at the same address. */
  onExit?: ((exit: Exit) => void) | undefined;
}

export interface RunningClickHouse {
  /** `http://` URL with user and password, for `@clickhouse/client`. Loopback only. */
  readonly url: string;
  readonly pid: number;
  /** Lets running queries finish (5 s), then ends it. */
  stop(): Promise<void>;
}

/**
 * Small pools and caches; an insert is on disk before it is answered; repeated batches (same `insert_deduplication_token`
 * among a table's last 1,000) are dropped in every table by default.
 */
const configuration = `<clickhouse>
  <max_server_memory_usage>1500000000</max_server_memory_usage>
  <mark_cache_size>33554432</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>100</mmap_cache_size>
  <compiled_expression_cache_size>8388608</compiled_expression_cache_size>
  <query_condition_cache_size>8388608</query_condition_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_common_pool_size>1</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <max_thread_pool_size>200</max_thread_pool_size>
  <max_thread_pool_free_size>8</max_thread_pool_free_size>
  <merge_tree>
    <non_replicated_deduplication_window>1000</non_replicated_deduplication_window>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  </merge_tree>
</clickhouse>
`;

const user = 'millrace';

/**
 * Starts the embedded ClickHouse (chdb, in a child process) on `dataDir` and keeps it up until `stop`: one that dies is
 * started again at the same address and finds every row of every answered insert. It ends with this process.
 */
export async function startClickHouse(options: StartClickHouse): Promise<RunningClickHouse> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const configFile = join(dataDir, 'config.xml');
  await writeFile(configFile, configuration);
  // Repository code may run on this machine, so a loopback port alone is no protection.
  const password = randomBytes(24).toString('base64url');
  let port = 0;

  const launch = async (): Promise<Kept> => {
    const orphans = await endOrphans(dataDir, basename(process.execPath), 'SIGTERM');
    if (orphans > 0) options.log.warn({ orphans }, 'ended a ClickHouse that had been left running');
    const lastLines: string[] = [];
    let announce: (port: number) => void = () => {};
    const ready = new Promise<number>((done) => {
      announce = done;
    });
    const kept = await keep({
      argv: [
        ...entryArgv(import.meta.url, 'clickhouse-process', ['--max-old-space-size=256', '--max-semi-space-size=2']),
        dataDir,
        configFile,
        String(port),
      ],
      cwd: dataDir,
      env: {
        PATH: process.env.PATH ?? '',
        TZ: 'UTC',
        // The engine's calls each hold a thread of this pool; file work must never wait for them.
        UV_THREADPOOL_SIZE: '12',
        MILLRACE_CLICKHOUSE_PASSWORD: password,
      },
      graceMs: 10_000,
      onLine: (line) => {
        const match = /^ready (\d+)$/.exec(line);
        if (match) announce(Number(match[1]));
        lastLines.push(line);
        if (lastLines.length > 20) lastLines.shift();
        options.log.debug({ store: 'clickhouse' }, line);
      },
    });
    const outcome = await Promise.race([ready, kept.exited]);
    if (typeof outcome !== 'number') {
      throw new Fault('unavailable', `ClickHouse did not start: ${lastLines.slice(-3).join(' ') || 'no message'}`, {
        code: 'platform.clickhouse-start',
        hint: 'The embedded engine needs glibc and a processor with AVX2; otherwise set CLICKHOUSE_URL.',
      });
    }
    port = outcome;
    return kept;
  };

  const supervision = await supervise({ name: 'clickhouse', launch, log: options.log, onExit: options.onExit });
  return {
    get url() {
      return `http://${user}:${password}@127.0.0.1:${port}`;
    },
    get pid() {
      return supervision.pid;
    },
    stop: () => supervision.stop(),
  };
}
