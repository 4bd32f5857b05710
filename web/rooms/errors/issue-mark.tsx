import { StatusMark } from '../../kit/badge.tsx';
import { statusLook } from '../../kit/status.ts';

interface Marked {
  status: string;
  substatus: string | null;
  level: string;
}

const words: Record<string, string> = {
  new: 'New',
  regressed: 'Regressed: it was resolved and came back',
  escalating: 'Escalating: it left the archive',
  ongoing: 'Ongoing',
};

/** How an issue stands: open ones by why they deserve a look. */
export function issueState(issue: Marked): { status: string; word: string } {
  if (issue.status !== 'unresolved') return { status: issue.status, word: statusLook(issue.status).word };
  const status =
    issue.substatus === 'regressed' || issue.substatus === 'escalating'
      ? 'regressed'
      : issue.substatus === 'new'
        ? 'error'
        : 'unresolved';
  return { status, word: words[issue.substatus ?? ''] ?? 'Unresolved' };
}

/** The mark of an issue's state. */
export function IssueMark({ issue }: { issue: Marked }) {
  const { status, word } = issueState(issue);
  return <StatusMark status={status} label={word} />;
}
