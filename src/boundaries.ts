/**
 * Who may import whom, as data. `boundaries.test.ts` reads every import of the tree, types included, and compares.
 * A room's door is its `index.ts`; integrations may import a room's `port.ts`, and the client the types of `api.ts`.
 */
export const foundationRooms = ['identity', 'projects', 'secrets'] as const;

export const rooms = [
  'pipelines',
  'agents',
  'deployments',
  'monitoring',
  'errors',
  'telemetry',
  'alerts',
  'dashboards',
  'insights',
] as const;

export interface Rule {
  /** Top folder under `src/`. */
  from: string;
  /**
   * What it may import besides itself: a folder (`kernel`), the door of a folder (`projects/index`), or one named file of
   * any room (`*` stands for any room: `* /port` without the blank).
   */
  may: string[];
  why: string;
}

const foundationDoors = foundationRooms.map((room) => `${room}/index`);

export const rules: Rule[] = [
  { from: 'kernel', may: [], why: 'pure words shared by all' },
  { from: 'platform', may: ['kernel'], why: 'the outside world, with no domain in it' },
  ...foundationRooms.map((room, index) => ({
    from: room,
    may: ['kernel', 'platform', ...foundationDoors.slice(0, index)],
    why: 'the nouns all rooms share; each may use those before it',
  })),
  ...rooms.map((room) => ({
    from: room,
    may: ['kernel', 'platform', ...foundationDoors],
    why: 'a room never imports another room; what it needs of one is a port that app plugs',
  })),
  { from: 'integrations', may: ['kernel', 'platform', '*/port'], why: 'foreign things implement ports of rooms' },
  { from: 'flows', may: ['kernel', 'platform', '*/index'], why: 'the only place where rooms meet' },
  { from: 'client', may: ['kernel', 'platform/http', '*/api'], why: 'types of the contracts only' },
  {
    from: 'cli',
    may: [
      'kernel',
      'client',
      'app/index',
      'app/version',
      '*/port',
      'integrations',
      'pipelines/derive',
      'deployments/read-millrace-file',
      'errors/group-file',
      'telemetry/compile-text',
    ],
    why: 'talks to the API; `up`, `run`, `lint`, `explain`, `errors group`, `query --compile` run the program itself',
  },
  { from: 'app', may: ['*'], why: 'the composition root' },
];
