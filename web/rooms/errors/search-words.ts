/** What a search of issues may say after its colon; others have values of their own project, or any. */
const fixed: Record<string, readonly string[]> = {
  is: [
    'unresolved',
    'resolved',
    'archived',
    'new',
    'ongoing',
    'regressed',
    'escalating',
    'assigned',
    'unassigned',
    'handled',
    'unhandled',
  ],
  level: ['fatal', 'error', 'warning', 'info', 'debug'],
  priority: ['high', 'medium', 'low'],
  has: ['user', 'release'],
  firstSeen: ['-24h', '-7d', '+30d'],
  lastSeen: ['-24h', '-7d', '+30d'],
  age: ['-24h', '-7d', '+30d'],
  timesSeen: ['>100', '>1000'],
  users: ['>5', '>100'],
};

const keys = [
  'is',
  'release',
  'firstRelease',
  'environment',
  'service',
  'level',
  'priority',
  'type',
  'assigned',
  'has',
  'user.email',
  'transaction',
  'trace',
  'age',
  'firstSeen',
  'lastSeen',
  'timesSeen',
  'users',
  'message',
  'culprit',
  'platform',
];

const most = 12;

/**
 * Whole searches that finish the last word of one: names of conditions, then their values. `known` are values met in the project, by the
 * name of the condition.
 */
export function finishedSearches(text: string, known: Record<string, readonly string[]>): string[] {
  const at = text.lastIndexOf(' ') + 1;
  const before = text.slice(0, at);
  const [, bang = '', word = ''] = /^(!?)(.*)$/s.exec(text.slice(at)) ?? [];
  const colon = word.indexOf(':');
  if (colon < 0) {
    return keys
      .filter((key) => key.toLowerCase().startsWith(word.toLowerCase()))
      .slice(0, most)
      .map((key) => `${before}${bang}${key}:`);
  }
  const key = keys.find((one) => one.toLowerCase() === word.slice(0, colon).toLowerCase());
  if (key === undefined) return [];
  const begun = word.slice(colon + 1).toLowerCase();
  const values = [...new Set([...(fixed[key] ?? []), ...(known[key] ?? [])])];
  return values
    .filter((value) => value.toLowerCase().startsWith(begun) && value.toLowerCase() !== begun)
    .slice(0, most)
    .map((value) => `${before}${bang}${key}:${/\s/.test(value) ? `"${value}"` : value}`);
}
