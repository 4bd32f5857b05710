import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../app/api.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Input } from '../../kit/field.tsx';
import { useToasts } from '../../kit/toast.tsx';

/** A line for what somebody has to say about an issue. */
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
  return (
    <form
      style={{ display: 'flex', gap: 8 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') send.mutate();
      }}
    >
      <Input
        aria-label="Comment"
        placeholder="Say something about this issue"
        value={text}
        maxLength={10_000}
        style={{ flex: 1 }}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" busy={send.isPending} disabledBecause={refusal}>
        Comment
      </Button>
    </form>
  );
}
