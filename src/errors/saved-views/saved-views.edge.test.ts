import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest } from '../../../test/harness/errors-room.ts';
import type { Actor } from '../../kernel/events.ts';
import { newId } from '../../kernel/ids.ts';
import type { SavedView } from './operations.ts';

let house: ErrorsUnderTest;
const bo: Actor = { kind: 'person', id: newId(), name: 'Bo' };
beforeAll(async () => {
  house = await errorsUnderTest();
});
afterAll(() => house.close());

const save = (body: object, by?: Actor): Promise<SavedView> => house.call('saveView', { body }, by);
const seen = async (by?: Actor, query: object = { project: 'shop' }): Promise<string[]> =>
  (await house.call<{ items: SavedView[] }>('listSavedViews', { query }, by)).items.map((view) => view.name);

test('a named search is kept for oneself or for all, renamed, shared and deleted', async () => {
  const view = await save({
    project: 'shop',
    name: 'Escalating in production',
    search: 'is:escalating',
    sort: 'users',
  });
  expect(view).toMatchObject({ projectId: house.projectId, shared: false, mine: true, by: 'Jane', sort: 'users' });
  await save({ name: 'all projects', search: 'is:regressed', shared: true });
  expect(await seen()).toEqual(['all projects', 'Escalating in production']);
  expect(await seen(undefined, {})).toEqual(['all projects', 'Escalating in production']);
  expect(await seen(bo)).toEqual(['all projects']);

  // The same name again is the same view.
  const again = await save({ project: 'shop', name: 'escalating in PRODUCTION', search: 'is:escalating level:fatal' });
  expect(again).toMatchObject({ id: view.id, search: 'is:escalating level:fatal', sort: 'lastSeen' });
  // Bo may have one of that name too.
  const bos = await save({ project: 'shop', name: 'Escalating in production' }, bo);
  expect(bos.id).not.toBe(view.id);

  const params = { viewId: view.id };
  await expect(house.call('changeView', { params, body: { name: 'x' } }, bo)).rejects.toMatchObject({
    kind: 'missing',
  });
  await house.call('changeView', { params, body: { name: 'Loud', shared: true } });
  expect(await seen(bo)).toEqual(['all projects', 'Escalating in production', 'Loud']);
  const developer = { params, role: 'developer' } as const;
  await expect(house.call('deleteView', developer, bo)).rejects.toMatchObject({ kind: 'forbidden' });
  await house.call('deleteView', { params, role: 'maintainer' }, bo);
  expect(await seen()).toEqual(['all projects']);
});

test('two views of a person have two names, and a viewer keeps views only for themselves', async () => {
  await save({ project: 'shop', name: 'one' }, bo);
  const two = await save({ project: 'shop', name: 'two' }, bo);
  const rename = { params: { viewId: two.id }, body: { name: 'One' } };
  await expect(house.call('changeView', rename, bo)).rejects.toMatchObject({ kind: 'conflict' });
  await expect(
    house.call('saveView', { body: { name: 'three', shared: true }, role: 'viewer' }, bo),
  ).rejects.toMatchObject({ kind: 'forbidden' });
  await house.call('saveView', { body: { name: 'three' }, role: 'viewer' }, bo);
  expect(await seen(bo, {})).toContain('three');
});
