/** What a clock on the wall shows. Months and days count from 1; days and months out of range roll over. */
export interface WallClock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether the runtime knows a time zone, such as `Europe/Paris`. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks of a zone show at an instant (Unix milliseconds). */
export function wallClock(instant: number, zone: string): WallClock {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) parts[type] = Number(value);
  const ms = ((instant % 1000) + 1000) % 1000;
  return {
    year: parts.year!,
    month: parts.month!,
    day: parts.day!,
    hour: parts.hour!,
    minute: parts.minute!,
    second: parts.second!,
    ms,
  };
}

/** The instant at which the clocks of a zone show this; of an hour that is skipped or doubled, one neighbour is taken. */
export function zonedTime(at: WallClock, zone: string): number {
  const wanted = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second, at.ms);
  let instant = wanted;
  for (let round = 0; round < 2; round += 1) {
    const shown = wallClock(instant, zone);
    const shownUtc = Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second, shown.ms);
    instant += wanted - shownUtc;
  }
  return instant;
}
