import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Archive, Check, ChevronDown, RotateCcw, UserRound } from 'lucide-react';
import { useMemo } from 'react';
import { type Answer, api, ask } from '../../app/api.ts';
import { usePageCommands } from '../../app/commands.ts';
import { useMe, useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Menu } from '../../kit/menu.tsx';
import { useToasts } from '../../kit/toast.tsx';

type Issue = Answer<'errors', 'getIssue'>;

const day = 86_400_000;

/** Resolve, archive, assign; each can be taken back. */
export function IssueActions({ issue }: { issue: Issue }) {
  const refusal = useRefusal('developer');
  const me = useMe();
  const toasts = useToasts();
  const queries = useQueryClient();
  const people = useQuery(ask('identity', 'people')).data?.items ?? [];
  const params = { issueId: issue.id };
  const change = useMutation({
    mutationFn: (action: { run: () => Promise<unknown>; said: string; undo?: (() => Promise<unknown>) | undefined }) =>
      action.run(),
    onSuccess: async (_, action) => {
      await queries.invalidateQueries({ queryKey: ['errors'] });
      const { undo } = action;
      toasts.said(action.said, undo && (() => change.mutate({ run: undo, said: `${issue.shortId} reopened` })));
    },
    onError: toasts.failed,
  });
  const reopen = () => api.errors.reopenIssue({ params });
  const resolve = (how: 'now' | 'next-release' | 'release', said: string) =>
    change.mutate({
      run: () =>
        api.errors.resolveIssue({
          params,
          body: { in: how, release: how === 'now' ? undefined : (issue.lastRelease ?? undefined) },
        }),
      said,
      undo: reopen,
    });
  const archive = (body: NonNullable<Parameters<typeof api.errors.archiveIssue>[0]['body']>, said: string) =>
    change.mutate({ run: () => api.errors.archiveIssue({ params, body }), said, undo: reopen });
  const assign = (personId: string | null, name: string) =>
    change.mutate({
      run: () => api.errors.assignIssue({ params, body: { personId } }),
      said: personId ? `${issue.shortId} is ${name}’s now` : `${issue.shortId} is nobody’s now`,
    });
  const open = issue.status === 'unresolved';
  const mutate = change.mutate;
  const commands = useMemo(
    () => [
      open
        ? {
            id: 'resolve',
            name: `Resolve ${issue.shortId}`,
            disabledBecause: refusal,
            run: () =>
              mutate({
                run: () => api.errors.resolveIssue({ params: { issueId: issue.id }, body: { in: 'now' } }),
                said: `${issue.shortId} resolved`,
                undo: () => api.errors.reopenIssue({ params: { issueId: issue.id } }),
              }),
          }
        : {
            id: 'reopen',
            name: `Reopen ${issue.shortId}`,
            disabledBecause: refusal,
            run: () =>
              mutate({
                run: () => api.errors.reopenIssue({ params: { issueId: issue.id } }),
                said: `${issue.shortId} reopened`,
              }),
          },
    ],
    [open, issue.id, issue.shortId, refusal, mutate],
  );
  usePageCommands(commands);

  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button icon={<UserRound aria-hidden />} disabled={refusal !== undefined} title={refusal}>
            {issue.assignee?.name ?? 'Assign'}
            <ChevronDown aria-hidden />
          </Button>
        }
        groups={[
          {
            id: 'people',
            items: people.map((person) => ({
              id: person.id,
              label: person.id === me?.id ? `${person.name} (you)` : person.name,
              checked: issue.assignee?.id === person.id,
              onSelect: () => assign(person.id, person.name),
            })),
          },
          { id: 'none', items: [{ id: 'nobody', label: 'Nobody', onSelect: () => assign(null, '') }] },
        ]}
      />
      <Menu
        align="end"
        trigger={
          <Button disabled={refusal !== undefined} title={refusal ?? 'Priority'}>
            {issue.priority} priority
            <ChevronDown aria-hidden />
          </Button>
        }
        groups={[
          {
            id: 'priority',
            items: (['high', 'medium', 'low'] as const).map((priority) => ({
              id: priority,
              label: priority.charAt(0).toUpperCase() + priority.slice(1),
              onSelect: () =>
                change.mutate({
                  run: () => api.errors.prioritiseIssue({ params, body: { priority } }),
                  said: `${issue.shortId} has ${priority} priority now`,
                }),
            })),
          },
        ]}
      />
      {open ? (
        <>
          <Menu
            align="end"
            trigger={
              <Button icon={<Archive aria-hidden />} disabled={refusal !== undefined} title={refusal}>
                Archive
                <ChevronDown aria-hidden />
              </Button>
            }
            groups={[
              {
                id: 'until',
                title: 'Out of sight until',
                items: [
                  {
                    id: 'day',
                    label: 'Tomorrow',
                    onSelect: () =>
                      archive(
                        { untilAt: new Date(Date.now() + day).toISOString() },
                        `${issue.shortId} archived for a day`,
                      ),
                  },
                  {
                    id: 'week',
                    label: 'In a week',
                    onSelect: () =>
                      archive(
                        { untilAt: new Date(Date.now() + 7 * day).toISOString() },
                        `${issue.shortId} archived for a week`,
                      ),
                  },
                  {
                    id: 'hundred',
                    label: 'It happens 100 times more',
                    onSelect: () => archive({ untilCount: 100 }, `${issue.shortId} archived until 100 more events`),
                  },
                  {
                    id: 'users',
                    label: 'It touches 10 more users',
                    onSelect: () => archive({ untilUsers: 10 }, `${issue.shortId} archived until 10 more users`),
                  },
                  {
                    id: 'escalating',
                    label: 'It escalates',
                    onSelect: () => archive({ untilEscalating: true }, `${issue.shortId} archived until it escalates`),
                  },
                  { id: 'ever', label: 'For ever', onSelect: () => archive({}, `${issue.shortId} archived`) },
                ],
              },
            ]}
          />
          <Menu
            align="end"
            trigger={
              <Button
                look="primary"
                icon={<Check aria-hidden />}
                busy={change.isPending}
                disabled={refusal !== undefined}
                title={refusal}
              >
                Resolve
                <ChevronDown aria-hidden />
              </Button>
            }
            groups={[
              {
                id: 'how',
                items: [
                  { id: 'now', label: 'Now', onSelect: () => resolve('now', `${issue.shortId} resolved`) },
                  ...(issue.lastRelease
                    ? [
                        {
                          id: 'release',
                          label: `In release ${issue.lastRelease}`,
                          onSelect: () => resolve('release', `${issue.shortId} resolved in ${issue.lastRelease}`),
                        },
                        {
                          id: 'next',
                          label: `In the release after ${issue.lastRelease}`,
                          onSelect: () => resolve('next-release', `${issue.shortId} resolved in the next release`),
                        },
                      ]
                    : []),
                ],
              },
            ]}
          />
        </>
      ) : (
        <Button
          icon={<RotateCcw aria-hidden />}
          disabledBecause={refusal}
          busy={change.isPending}
          onClick={() => change.mutate({ run: reopen, said: `${issue.shortId} reopened` })}
        >
          Reopen
        </Button>
      )}
    </>
  );
}
