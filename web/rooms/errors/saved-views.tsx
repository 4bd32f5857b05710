import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Bookmark, ChevronDown, Pencil, Plus, Trash2, Users } from 'lucide-react';
import { useState } from 'react';
import { api, ask, type Item } from '../../app/api.ts';
import { FormDialog } from '../../app/form-dialog.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Check, TextField } from '../../kit/field.tsx';
import { Menu, type MenuItem } from '../../kit/menu.tsx';
import { useToasts } from '../../kit/toast.tsx';

type View = Item<'errors', 'listSavedViews'>;

const statuses = ['resolved', 'archived', 'all'] as const;
const sorts = ['firstSeen', 'count', 'users'] as const;

/** Named searches of issues, one's own and the team's: chosen, saved, renamed, shared, deleted. */
export function SavedViews() {
  const search = useSearch({ from: '/shell/errors' });
  const navigate = useNavigate({ from: '/errors' });
  const { slug, slugOf } = useProject();
  const toasts = useToasts();
  const queries = useQueryClient();
  const mayShare = useRefusal('developer') === undefined;
  const mayChangeOthers = useRefusal('maintainer') === undefined;
  const [dialog, setDialog] = useState<'save' | 'rename'>();
  const views = useQuery(ask('errors', 'listSavedViews', { query: { project: slug } })).data?.items ?? [];
  const fresh = () => queries.invalidateQueries({ queryKey: ['errors', 'listSavedViews'] });

  const asked = {
    search: search.q ?? '',
    status: search.status ?? ('unresolved' as const),
    environment: search.environment ?? null,
    sort: search.sort ?? ('lastSeen' as const),
  };
  const isShown = (view: View): boolean =>
    view.search === asked.search &&
    view.status === asked.status &&
    view.environment === asked.environment &&
    view.sort === asked.sort;
  const current = views.find((view) => isShown(view));
  const open = (view: View) =>
    void navigate({
      search: (before) => ({
        project: (view.projectId === null ? undefined : slugOf(view.projectId)) ?? before.project,
        period: before.period,
        q: view.search || undefined,
        environment: view.environment ?? undefined,
        status: statuses.find((one) => one === view.status),
        sort: sorts.find((one) => one === view.sort),
      }),
    });

  const change = useMutation({
    mutationFn: (action: { run: () => Promise<unknown>; said: string; undo?: (() => Promise<unknown>) | undefined }) =>
      action.run(),
    onSuccess: async (_, { said, undo }) => {
      await fresh();
      toasts.said(said, undo && (() => void undo().then(fresh, toasts.failed)));
    },
    onError: toasts.failed,
  });

  const entry = (view: View): MenuItem => ({
    id: view.id,
    label: view.name,
    hint: view.mine ? (view.shared ? 'shared' : undefined) : view.by,
    checked: view.id === current?.id,
    onSelect: () => open(view),
  });
  const mayChange = current && (current.mine || mayChangeOthers);
  const groups = [
    { id: 'mine', title: 'Yours', items: views.filter((view) => view.mine).map(entry) },
    { id: 'team', title: 'The team’s', items: views.filter((view) => !view.mine).map(entry) },
    {
      id: 'save',
      items: [
        {
          id: 'new',
          label: 'Save this search…',
          icon: <Plus aria-hidden />,
          onSelect: () => setDialog('save'),
        },
      ],
    },
    {
      id: 'change',
      items:
        current && mayChange
          ? [
              {
                id: 'rename',
                label: `Rename “${current.name}”…`,
                icon: <Pencil aria-hidden />,
                onSelect: () => setDialog('rename'),
              },
              ...(mayShare
                ? [
                    {
                      id: 'share',
                      label: current.shared ? 'No longer share it' : 'Share it with the team',
                      icon: <Users aria-hidden />,
                      onSelect: () =>
                        change.mutate({
                          run: () =>
                            api.errors.changeView({
                              params: { viewId: current.id },
                              body: { shared: !current.shared },
                            }),
                          said: current.shared
                            ? `Only ${current.mine ? 'you see' : `${current.by} sees`} “${current.name}” now`
                            : `Everybody sees “${current.name}” now`,
                        }),
                    },
                  ]
                : []),
              {
                id: 'delete',
                label: `Delete “${current.name}”`,
                icon: <Trash2 aria-hidden />,
                danger: true,
                onSelect: () =>
                  change.mutate({
                    run: () => api.errors.deleteView({ params: { viewId: current.id } }),
                    said: `“${current.name}” deleted`,
                    // Somebody else's view cannot be given back to them.
                    undo: current.mine
                      ? () => api.errors.saveView({ body: { ...asked, ...current, project: current.projectId } })
                      : undefined,
                  }),
              },
            ]
          : [],
    },
  ].filter((group) => group.items.length > 0);

  return (
    <>
      <Menu
        trigger={
          <Button icon={<Bookmark aria-hidden />} aria-label={`Saved views${current ? `: ${current.name}` : ''}`}>
            {current?.name ?? 'Views'}
            <ChevronDown aria-hidden />
          </Button>
        }
        groups={groups}
      />
      {dialog === 'save' && (
        <SaveDialog
          mayShare={mayShare}
          taken={views.filter((view) => view.mine).map((view) => view.name)}
          onOpenChange={() => setDialog(undefined)}
          save={async (name, shared) => {
            await api.errors.saveView({ body: { ...asked, project: slug ?? null, name, shared } });
            await fresh();
          }}
        />
      )}
      {dialog === 'rename' && current && (
        <RenameDialog
          name={current.name}
          onOpenChange={() => setDialog(undefined)}
          rename={async (name) => {
            await api.errors.changeView({ params: { viewId: current.id }, body: { name } });
            await fresh();
          }}
        />
      )}
    </>
  );
}

function SaveDialog({
  mayShare,
  taken,
  onOpenChange,
  save,
}: {
  mayShare: boolean;
  taken: string[];
  onOpenChange: () => void;
  save: (name: string, shared: boolean) => Promise<void>;
}) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const sending = useMutation({ mutationFn: () => save(name, shared), onSuccess: onOpenChange });
  const replaces = taken.some((one) => one.toLowerCase() === name.trim().toLowerCase());
  return (
    <FormDialog onOpenChange={onOpenChange} title="Save this search" action="Save it" sending={sending}>
      <TextField
        label="Name"
        required
        maxLength={80}
        value={name}
        hint={replaces ? 'Takes the place of your view of this name.' : 'With its filters and its order.'}
        onChange={(event) => setName(event.target.value)}
      />
      {mayShare && <Check label="Share it with the team" checked={shared} set={setShared} />}
    </FormDialog>
  );
}

function RenameDialog({
  name: before,
  onOpenChange,
  rename,
}: {
  name: string;
  onOpenChange: () => void;
  rename: (name: string) => Promise<void>;
}) {
  const [name, setName] = useState(before);
  const sending = useMutation({ mutationFn: () => rename(name), onSuccess: onOpenChange });
  return (
    <FormDialog onOpenChange={onOpenChange} title={`Rename “${before}”`} action="Rename it" sending={sending}>
      <TextField label="Name" required maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />
    </FormDialog>
  );
}
