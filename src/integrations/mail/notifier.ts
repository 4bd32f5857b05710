import { createTransport } from 'nodemailer';
import type { ChannelSettings, DeliveryOutcome, Message, Notifier } from '../../alerts/port.ts';

type MailSettings = Extract<ChannelSettings, { kind: 'mail' }>;

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
}

/** Sends mail by SMTP, on a connection for each message. */
export function mailNotifier(): Notifier {
  return {
    kind: 'mail',
    async send(settings, message, signal): Promise<DeliveryOutcome> {
      if (settings.kind !== 'mail') throw new Error('a mail notifier was given another channel');
      const transport = createTransport({
        host: settings.host,
        port: settings.port,
        secure: settings.tls === 'implicit',
        requireTLS: settings.tls === 'starttls',
        // Opportunistic means: better encrypted by an unknown server than not at all.
        tls: settings.tls === 'opportunistic' ? { rejectUnauthorized: false } : {},
        ...(settings.username === null ? {} : { auth: { user: settings.username, pass: settings.password ?? '' } }),
        connectionTimeout: 10_000,
        greetingTimeout: 10_000,
        socketTimeout: 20_000,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const giveUp = (): void => transport.close();
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const sent = await transport.sendMail(compose(settings, message));
        return { delivered: true, detail: sent.response };
      } catch (error) {
        return failure(error as SmtpError);
      } finally {
        signal.removeEventListener('abort', giveUp);
        transport.close();
      }
    },
  };
}

const compose = (settings: MailSettings, message: Message) => ({
  from: settings.from,
  to: message.to,
  subject: message.subject,
  text: message.text,
  ...(message.html === null ? {} : { html: message.html }),
  date: new Date(message.at),
  // The same at every attempt, so that a receiver can drop a repetition.
  messageId: `<${message.id}@millrace.invalid>`,
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Millrace-Delivery': message.id },
});

function failure(error: SmtpError): DeliveryOutcome {
  const { responseCode, code } = error;
  // A refused sign-in is a setting somebody will mend; a refused address or message stays refused.
  const permanent = (responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH') || code === 'EENVELOPE';
  return { delivered: false, permanent, detail: error.message };
}
