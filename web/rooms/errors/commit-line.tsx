import { GitCommitHorizontal } from 'lucide-react';

/** A commit in one line: its short name and the first line of its message. */
export function CommitLine({ commit }: { commit: { sha: string; message: string } }) {
  return (
    <span>
      <GitCommitHorizontal aria-hidden size={13} /> <code>{commit.sha.slice(0, 7)}</code>{' '}
      {commit.message.split('\n')[0]}
    </span>
  );
}
