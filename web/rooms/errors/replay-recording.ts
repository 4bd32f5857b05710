/** What a part of a replay may hold once unpacked, and all parts of one replay together. Bytes. */
export const replayLimits = { partBytes: 100 << 20, wholeBytes: 400 << 20 };

/** One recorded event: of which kind, when (Unix ms), and what, in the words of the recorder (rrweb). */
export interface RecordedEvent {
  type: number;
  timestamp: number;
  data: unknown;
}

/** One part of a replay. */
export interface RecordingPart {
  segment: number;
  /** Bytes after unpacking. */
  bytes: number;
  events: RecordedEvent[];
}

const fullSnapshot = 2;
/** Loaded pages, snapshots, changes and sizes. What SDKs add in kinds 5 and 6 is their own, partly timed in seconds. */
const played = new Set([0, 1, fullSnapshot, 3, 4]);
const lineFeed = 0x0a;
const headerBytes = 4096;

/**
 * Reads one item `replay_recording` as Sentry's browser SDK sends it: a line of JSON with `segment_id`, then the events
 * as JSON, packed with zlib or plain. Throws what is wrong in words for the one who wants to see it.
 */
export async function readRecording(file: Uint8Array, limit = replayLimits.partBytes): Promise<RecordingPart> {
  const end = file.subarray(0, headerBytes).indexOf(lineFeed);
  if (end < 0) throw new Error('it does not begin with a line that says which part it is');
  const segment = segmentOf(new TextDecoder().decode(file.subarray(0, end)));
  const body = file.subarray(end + 1);
  const plain = body[0] === '['.charCodeAt(0) ? body : await unpack(body, limit);
  if (plain.length > limit) throw new Error(`it is larger than ${limit} bytes`);
  let events: unknown;
  try {
    events = JSON.parse(new TextDecoder().decode(plain));
  } catch {
    throw new Error('its events are not JSON');
  }
  if (!Array.isArray(events)) throw new Error('its events are not a list');
  return { segment, bytes: plain.length, events: events.filter(isPlayed) };
}

/** All events in the order of their time, or why they cannot be played. */
export function recordingOf(parts: RecordingPart[]): RecordedEvent[] {
  const events = [...parts]
    .sort((a, b) => a.segment - b.segment)
    .flatMap((part) => part.events)
    .sort((a, b) => a.timestamp - b.timestamp);
  const first = events.findIndex((event) => event.type === fullSnapshot);
  if (first < 0) throw new Error('The replay holds no picture of the page to begin with: its first part did not come.');
  if (events.length < 2) throw new Error('The replay holds a single moment.');
  return events;
}

function segmentOf(line: string): number {
  try {
    const { segment_id: segment } = JSON.parse(line) as { segment_id?: unknown };
    if (typeof segment === 'number' && Number.isSafeInteger(segment) && segment >= 0) return segment;
  } catch {
    // Said below, together with a line that is JSON but names no part.
  }
  throw new Error('its first line does not say which part it is');
}

function isPlayed(event: unknown): event is RecordedEvent {
  if (typeof event !== 'object' || event === null) return false;
  const { type, timestamp, data } = event as Partial<RecordedEvent>;
  return (
    typeof type === 'number' &&
    played.has(type) &&
    typeof timestamp === 'number' &&
    Number.isFinite(timestamp) &&
    typeof data === 'object' &&
    data !== null
  );
}

async function unpack(packed: Uint8Array, limit: number): Promise<Uint8Array> {
  const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error('it cannot be unpacked (zlib)');
    });
    if (done) break;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new Error(`it unpacks to more than ${limit} bytes`);
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
