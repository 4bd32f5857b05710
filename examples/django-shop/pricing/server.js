import * as Sentry from '@sentry/node';

const { createApp } = await import('./app.js');
const port = Number(process.env.PORT ?? 8081);
const server = createApp({
  onError(error) {
    console.error(error);
    Sentry.captureException(error);
  },
});
server.listen(port, '0.0.0.0', () => console.log(`pricing listens on ${port}`));

process.once('SIGTERM', () => {
  server.close(() => void Sentry.close(2000).then(() => process.exit(0)));
  server.closeIdleConnections();
});
