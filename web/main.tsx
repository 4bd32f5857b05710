import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './app/api.ts';
import { makeRouter } from './app/router.tsx';
import { ToastProvider } from './kit/toast.tsx';
import { TooltipProvider } from './kit/tooltip.tsx';
import './app/tokens.css';
import './app/base.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Facts tell when something is stale; time alone does not.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
    mutations: { retry: false },
  },
});

// A page that was open while the server got a newer version asks for parts that are gone: take the new one, once.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('millrace.reloaded') ?? 0);
  if (Date.now() - last < 10_000) return;
  sessionStorage.setItem('millrace.reloaded', String(Date.now()));
  event.preventDefault();
  location.reload();
});

const router = makeRouter(queries);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <TooltipProvider>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
);
