import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import type { ReleaseDetail } from '../api.ts';
import type { ReleaseWord } from '../port.ts';

let house: ErrorsUnderTest;
beforeAll(async () => {
  house = await errorsUnderTest();
});
afterAll(() => house.close());

const broke = (type: string, release: string) =>
  house.received({ exception: { values: [{ type, value: 'no' }] }, release, environment: 'production' });
const commit = (id: string, author: string) => ({
  id,
  message: `Change ${id}`,
  author,
  email: `${author}@shop.example`,
  at: 1000,
  files: ['shop/totals.py'],
});
const deployed = (deploymentId: string, commits: ReleaseWord['commits']): ReleaseWord => ({
  commits,
  deploy: { environment: 'production', name: 'r', startedAt: 1000, finishedAt: Date.now(), deploymentId },
});
const show = <Shown>(name: string, release: string, query: object = {}): Promise<Shown> =>
  house.call<Shown>(name, { params: { project: 'shop', release }, query });

test('a release is there once it is deployed, with commits, authors and what broke in it; two are compared', async () => {
  const { uploads, reception } = house.room;
  const first = deployed('d1', [commit('a1', 'ada')]);
  await uploads.tell(house.projectId, 'r1', first);
  await uploads.tell(house.projectId, 'r1', first);
  // Another environment got more commits at once: those of the release stay what they were.
  await uploads.tell(house.projectId, 'r1', { ...deployed('d2', [commit('a0', 'bo'), commit('a1', 'ada')]) });
  expect(await show('getRelease', 'r1')).toMatchObject({
    health: null,
    commits: [{ sha: 'a1', author: { name: 'ada', email: 'ada@shop.example' } }],
    authors: [{ name: 'ada', commits: 1 }],
    deployments: [{ deploymentId: 'd2' }, { deploymentId: 'd1' }],
    releaseIssues: [],
    previous: null,
  });
  await uploads.tell(house.projectId, 'r2', deployed('d3', [commit('b1', 'bo'), commit('b2', 'bo')]));
  await reception.accept([broke('OldError', 'r1'), broke('BothError', 'r1')]);
  await reception.accept([broke('BothError', 'r2'), broke('NewError', 'r2'), broke('NewError', 'r2')]);
  const started = new Date(Date.now() - 60_000).toISOString();
  await reception.acceptItems([
    {
      projectId: house.projectId,
      itemId: randomBytes(16).toString('hex'),
      kind: 'sessions',
      eventId: null,
      receivedAt: Date.now(),
      payload: Buffer.from(
        JSON.stringify({
          attrs: { release: 'r2', environment: 'production' },
          aggregates: [{ started, exited: 9, crashed: 1 }],
        }),
      ),
    },
  ]);
  await eventually('what broke', async () => {
    const one = await show<ReleaseDetail>('getRelease', 'r2');
    return one.events === 3 && one.health;
  });
  // Asked anew: its parts are read side by side, and the batch may have come in between.
  const detail = await show<ReleaseDetail>('getRelease', 'r2');
  expect(detail).toMatchObject({
    previous: 'r1',
    // The minute its first session began, though sessions are counted by the hour.
    firstSeenAt: started,
    newIssues: 1,
    health: { sessions: 10, crashFreeSessions: 0.9, adoption: 1 },
    releaseIssues: [
      { title: 'NewError: no', kind: 'new', count: 2 },
      { title: 'BothError: no', kind: 'known', count: 1 },
    ],
  });
  const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);
  expect([sum(detail.course.sessions), sum(detail.course.crashed)]).toEqual([10, 1]);
  expect(await show('compareReleases', 'r2', { with: 'r1' })).toMatchObject({
    release: { release: 'r2' },
    other: { release: 'r1' },
    commits: [{ sha: 'b1' }, { sha: 'b2' }],
    issues: [
      { title: 'NewError: no', in: 'release', count: 2, otherCount: 0 },
      { title: 'BothError: no', in: 'both' },
      { title: 'OldError: no', in: 'other', count: 0, otherCount: 1 },
    ],
  });
  await expect(show('getRelease', 'r9')).rejects.toMatchObject({ code: 'errors.release-not-found' });
});
