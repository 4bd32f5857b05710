import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { inputClass } from '../../kit/field.tsx';
import { useToasts } from '../../kit/toast.tsx';
import styles from './issue.module.css';

/** For what somebody has to say about an issue: Markdown, sent by the button or Mod+Enter. */
export function CommentForm({ issueId }: { issueId: string }) {
  const [text, setText] = useState('');
  const refusal = useRefusal('developer');
  const toasts = useToasts();
  const queries = useQueryClient();
  const send = useMutation({
    mutationFn: () => api.errors.commentOnIssue({ params: { issueId }, body: { text } }),
    onSuccess: async () => {
      setText('');
      await queries.invalidateQueries({ queryKey: ['errors'] });
    },
    onError: toasts.failed,
  });
  const say = () => {
    if (text.trim() !== '' && !refusal && !send.isPending) send.mutate();
  };
  return (
    <form
      className={styles.comment}
      onSubmit={(event) => {
        event.preventDefault();
        say();
      }}
    >
      <textarea
        aria-label="Comment"
        className={inputClass}
        placeholder="Say something about this issue, in Markdown"
        rows={1}
        value={text}
        maxLength={10_000}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) say();
        }}
      />
      <Button type="submit" busy={send.isPending} disabledBecause={refusal}>
        Comment
      </Button>
    </form>
  );
}
