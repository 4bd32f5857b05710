import { useQuery } from '@tanstack/react-query';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import styles from './delivery-dialog.module.css';

/** A message as it was written, to whom, and what became of it. */
export function DeliveryDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const delivery = useQuery(ask('alerts', 'getDelivery', { params: { id } }));
  const { data } = delivery;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={data?.subject ?? 'Message'}
      description={data && `To ${data.to}. ${data.detail}`}
    >
      <QueryProblem query={delivery} />
      <pre className={styles.text}>{data?.text}</pre>
    </Dialog>
  );
}
