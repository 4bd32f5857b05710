import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Bug, FolderGit2, Keyboard, Monitor, Moon, Play, Plus, Rocket, Search, Sun, Workflow } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { StatusMark } from '../kit/badge.tsx';
import { Keys } from '../kit/keys.tsx';
import { ask } from './api.ts';
import styles from './command-menu.module.css';
import { useOfferedCommands } from './commands.ts';
import { places } from './places.ts';
import { useProject } from './project.ts';
import { setTheme } from './theme.ts';

/** One box that goes to any page, project, run, environment or error, and does what the open page can do. */
export function CommandMenu({
  onOpenChange,
  openHelp,
}: {
  onOpenChange: (open: boolean) => void;
  openHelp: () => void;
}) {
  const [words, setWords] = useState('');
  const navigate = useNavigate();
  const offered = useOfferedCommands();
  const { projects, slug, slugOf } = useProject();
  const typed = words.trim();
  const runs = useQuery(ask('pipelines', 'listRuns', { query: { project: slug, limit: 20 } })).data?.items ?? [];
  const environments = useQuery(ask('deployments', 'listEnvironments', { query: { project: slug } })).data?.items ?? [];
  const issues =
    useQuery(
      ask('errors', 'listIssues', { query: { project: slug, status: 'all', limit: 8, search: typed || undefined } }),
    ).data?.items ?? [];

  const done = (action: () => void) => () => {
    onOpenChange(false);
    action();
  };
  const isQuery = /^\s*(select|from|show)\s/i.test(words);

  return (
    <Command.Dialog
      open
      onOpenChange={onOpenChange}
      label="Go to or do"
      overlayClassName={styles.scrim ?? ''}
      contentClassName={styles.dialog ?? ''}
      loop
    >
      <Command.Input
        className={styles.input}
        placeholder="Go anywhere, do anything"
        value={words}
        onValueChange={setWords}
      />
      <Command.List className={styles.list}>
        <Command.Empty className={styles.none}>Nothing is called that.</Command.Empty>
        {offered.length > 0 && (
          <Command.Group heading="On this page">
            {offered.map((command) => (
              <Entry
                key={command.id}
                value={`${command.name} ${command.words ?? ''} ${command.id}`}
                icon={<Play aria-hidden />}
                disabled={command.disabledBecause !== undefined}
                hint={command.disabledBecause}
                onSelect={done(command.run)}
              >
                {command.name}
              </Entry>
            ))}
          </Command.Group>
        )}
        {isQuery && (
          <Command.Group heading="Ask" forceMount>
            <Entry
              value={words}
              icon={<Search aria-hidden />}
              onSelect={done(() => void navigate({ to: '/explore', search: { q: typed } }))}
            >
              Run this query in Explore
            </Entry>
          </Command.Group>
        )}
        <Command.Group heading="Go to">
          {places.map(({ to, name, icon: Icon, key, words: also }) => (
            <Entry
              key={to}
              value={`${name} ${also}`}
              icon={<Icon aria-hidden />}
              hint={<Keys of={`g then ${key}`} />}
              onSelect={done(() => void navigate({ to }))}
            >
              {name}
            </Entry>
          ))}
          <Entry
            value="Live log tail logs"
            icon={<Search aria-hidden />}
            onSelect={done(() => void navigate({ to: '/explore', search: { tab: 'logs' } }))}
          >
            Logs
          </Entry>
        </Command.Group>
        {environments.length > 0 && (
          <Command.Group heading="Environments">
            {environments.map((one) => (
              <Entry
                key={one.id}
                value={`environment ${one.project} ${one.name} ${one.id}`}
                icon={<Rocket aria-hidden />}
                hint={one.release?.version}
                onSelect={done(
                  () => void navigate({ to: '/environments/$environmentId', params: { environmentId: one.id } }),
                )}
              >
                {one.project} / {one.name}
              </Entry>
            ))}
          </Command.Group>
        )}
        {(projects?.length ?? 0) > 0 && (
          <Command.Group heading="Projects">
            {projects?.map((one) => (
              <Entry
                key={one.id}
                value={`project ${one.name} ${one.slug}`}
                icon={<FolderGit2 aria-hidden />}
                onSelect={done(() => void navigate({ to: '/', search: { project: one.slug } }))}
              >
                {one.name}
              </Entry>
            ))}
          </Command.Group>
        )}
        {runs.length > 0 && (
          <Command.Group heading="Runs">
            {runs.map((run) => (
              <Entry
                key={run.id}
                value={`run ${run.number} ${run.branch ?? run.tag ?? ''} ${run.sha} ${run.commit.message} ${run.id}`}
                icon={<StatusMark status={run.status} />}
                hint={slugOf(run.projectId)}
                onSelect={done(() => void navigate({ to: '/runs/$runId', params: { runId: run.id } }))}
              >
                Run {run.number}: {run.commit.message.split('\n')[0]}
              </Entry>
            ))}
          </Command.Group>
        )}
        {issues.length > 0 && (
          <Command.Group heading="Errors">
            {issues.map((issue) => (
              <Entry
                key={issue.id}
                value={`error ${issue.shortId} ${issue.title} ${issue.culprit}`}
                icon={<Bug aria-hidden />}
                hint={issue.shortId}
                onSelect={done(() => void navigate({ to: '/errors/$issueId', params: { issueId: issue.id } }))}
              >
                {issue.title}
              </Entry>
            ))}
          </Command.Group>
        )}
        <Command.Group heading="Do">
          <Entry
            value="Connect a repository new project create"
            icon={<Plus aria-hidden />}
            onSelect={done(() => void navigate({ to: '/connect' }))}
          >
            Connect a repository
          </Entry>
          <Entry
            value="Make an API token"
            icon={<Plus aria-hidden />}
            onSelect={done(() => void navigate({ to: '/settings', search: { tab: 'tokens' } }))}
          >
            Make an API token
          </Entry>
          <Entry
            value="Invite a person people team"
            icon={<Plus aria-hidden />}
            onSelect={done(() => void navigate({ to: '/settings' }))}
          >
            Invite a person
          </Entry>
          <Entry value="Theme light" icon={<Sun aria-hidden />} onSelect={done(() => setTheme('light'))}>
            Use the light theme
          </Entry>
          <Entry value="Theme dark" icon={<Moon aria-hidden />} onSelect={done(() => setTheme('dark'))}>
            Use the dark theme
          </Entry>
          <Entry value="Theme system" icon={<Monitor aria-hidden />} onSelect={done(() => setTheme('system'))}>
            Use the system’s theme
          </Entry>
          <Entry value="Keyboard shortcuts help" icon={<Keyboard aria-hidden />} onSelect={done(openHelp)}>
            Show keyboard shortcuts
          </Entry>
          <Entry
            value="Runs failed"
            icon={<Workflow aria-hidden />}
            onSelect={done(() => void navigate({ to: '/pipelines', search: { status: 'failed' } }))}
          >
            Show failed runs
          </Entry>
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

interface EntryProps {
  value: string;
  icon: ReactNode;
  hint?: ReactNode;
  disabled?: boolean | undefined;
  onSelect: () => void;
  children: ReactNode;
}

function Entry({ value, icon, hint, disabled, onSelect, children }: EntryProps) {
  return (
    <Command.Item value={value} onSelect={onSelect} disabled={disabled ?? false} className={styles.entry}>
      {icon}
      <span className={styles.text}>{children}</span>
      {hint && <span className={styles.hint}>{hint}</span>}
    </Command.Item>
  );
}
