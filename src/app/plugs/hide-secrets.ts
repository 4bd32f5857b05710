import type { ErrorReception, ReceivedEvent, ReceivedItem } from '../../errors/port.ts';
import type { Masker } from '../../secrets/index.ts';
import type { Intake, IntakeRecord } from '../../telemetry/port.ts';
import { maskJson } from './mask-json.ts';

type MaskerOf = (projectId: string) => Promise<Masker>;

/** Stands between texts that are looked at together; no secret holds it. */
const border = '\0';

/** An intake of telemetry that hides each project's secrets in texts. Numbers and times pass untouched. */
export function hidingIntake(intake: Intake, maskerOf: MaskerOf): Intake {
  return {
    dropped: (projectId, type, reason, count) => intake.dropped(projectId, type, reason, count),
    async write(records, options) {
      const masked: IntakeRecord[] = [];
      for (const [projectId, group] of byProject(records)) {
        masked.push(...(projectId === null ? group : maskRecords(group, await maskerOf(projectId))));
      }
      return intake.write(masked, options);
    },
  };
}

/** A reception of errors that hides each project's secrets in events, feedback and attached texts. Other files are kept as they are. */
export function hidingReception(reception: ErrorReception, maskerOf: MaskerOf): ErrorReception {
  return {
    projectOf: (ingestId, publicKey) => reception.projectOf(ingestId, publicKey),
    limited: (projectId, now) => reception.limited(projectId, now),
    count: (projectId, outcome) => reception.count(projectId, outcome),
    async accept(events) {
      const masked: ReceivedEvent[] = [];
      for (const event of events) {
        masked.push({ ...event, payload: maskJson(event.payload, await maskerOf(event.projectId)) });
      }
      return reception.accept(masked);
    },
    async acceptItems(items) {
      const masked: ReceivedItem[] = [];
      for (const item of items) masked.push({ ...item, payload: maskItem(item, await maskerOf(item.projectId)) });
      return reception.acceptItems(masked);
    },
  };
}

function maskItem(item: ReceivedItem, masker: Masker): Uint8Array {
  if (item.kind === 'feedback' || item.kind === 'user_report') return maskJson(item.payload, masker);
  // A changed length would break any other format.
  const isText = item.kind === 'attachment' && /^text\/|[/+]json\b/.test(item.contentType ?? '');
  return isText ? masker.bytes(Buffer.from(item.payload)) : item.payload;
}

function byProject(records: readonly IntakeRecord[]): Map<string | null, IntakeRecord[]> {
  const groups = new Map<string | null, IntakeRecord[]>();
  for (const record of records) {
    const group = groups.get(record.projectId);
    if (group) group.push(record);
    else groups.set(record.projectId, [record]);
  }
  return groups;
}

/** Most batches hold no secret, so all their texts are searched in one go first. */
function maskRecords(records: IntakeRecord[], masker: Masker): IntakeRecord[] {
  if (masker.isEmpty) return records;
  const texts: string[] = [];
  for (const { attributes } of records) {
    for (const value of Object.values(attributes)) if (typeof value === 'string') texts.push(value);
  }
  const all = texts.join(border);
  return masker.text(all) === all ? records : records.map((record) => maskRecord(record, masker));
}

function maskRecord(record: IntakeRecord, masker: Masker): IntakeRecord {
  const attributes: IntakeRecord['attributes'] = {};
  for (const [name, value] of Object.entries(record.attributes)) {
    attributes[name] = typeof value === 'string' ? masker.text(value) : value;
  }
  return { ...record, attributes };
}
