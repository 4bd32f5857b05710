import { isDeepStrictEqual } from 'node:util';
import { system } from '../kernel/events.ts';
import { removeChannel, tellChannel } from './change.ts';
import type { AlertsDeps } from './deps.ts';
import { secretPlace } from './notify.ts';
import { allChannels, type ChannelRow, saveChannel } from './store-deliveries.ts';

/** The mail server that the settings of this server name. */
export interface MailServer {
  host: string;
  port: number;
  tls: 'implicit' | 'starttls' | 'opportunistic';
  username: string | null;
  password: string | null;
  from: string;
}

/** The channel that stands for it; the same in every installation, so that it is found again. */
const id = '0190a11e-0000-7000-8000-000000000001';

/**
 * Brings the channel of the configured mail server in line with the settings: made, changed, or taken away. It carries messages to people
 * unless another mail channel was made for that. Changes nothing, and tells of nothing, when all is as it should be.
 */
export async function configureMail(deps: AlertsDeps, server: MailServer | undefined): Promise<void> {
  const actor = system('settings');
  const channels = await allChannels(deps.database);
  const known = channels.find((channel) => channel.id === id);
  if (!server) {
    if (known) await removeChannel(deps, id, actor);
    return;
  }
  const { password, ...plain } = server;
  const others = channels.filter((channel) => channel.id !== id && channel.settings.kind === 'mail');
  const wanted: Omit<ChannelRow, 'version' | 'sealedSecret'> = {
    id,
    name: 'MILLRACE_SMTP_URL',
    enabled: true,
    isDefault: !others.some((channel) => channel.isDefault),
    settings: { kind: 'mail', ...plain, to: [] },
  };
  if (known) {
    const { version: _version, sealedSecret, ...stored } = known;
    const opened = sealedSecret === null ? null : await deps.keyring.open(sealedSecret, secretPlace(id));
    if (opened === password && isDeepStrictEqual(stored, wanted)) return;
  }
  const sealedSecret = password === null ? null : deps.keyring.seal(password, secretPlace(id));
  await deps.database.transaction(async (tx) => {
    await saveChannel(tx, { ...wanted, sealedSecret });
    await tellChannel(tx, id, wanted.name, known ? 'updated' : 'created', actor);
  });
}
