import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { Compass, Unplug } from 'lucide-react';
import { Button, buttonClass } from '../kit/button.tsx';
import { Empty } from '../kit/empty.tsx';
import { Page } from '../kit/page.tsx';
import { ApiError } from './api.ts';

/** An address that leads nowhere. */
export function NotFoundPage() {
  return (
    <Page title="Not found">
      <Empty
        icon={<Compass />}
        title="There is nothing at this address"
        action={
          <Link to="/" className={buttonClass('primary')}>
            Go to the overview
          </Link>
        }
      >
        It may have been removed, or the link was cut short.
      </Empty>
    </Page>
  );
}

/** A page that could not be shown: why, and what to do. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  if (error instanceof ApiError && error.status === 404) return <NotFoundPage />;
  const hint = error instanceof ApiError ? error.hint : undefined;
  return (
    <Page title="This page could not be shown" heading="Problem">
      <Empty
        icon={<Unplug />}
        title={error instanceof Error ? error.message : String(error)}
        action={
          <Button
            look="primary"
            onClick={() => {
              reset();
              void router.invalidate();
            }}
          >
            Try again
          </Button>
        }
      >
        {hint ?? 'If it stays so, the server’s log says more; look for the time of this moment.'}
      </Empty>
    </Page>
  );
}
