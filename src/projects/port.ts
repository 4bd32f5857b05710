import type { Headers } from '../platform/http/headers.ts';
/** What a forge told us, in Millrace's words. */
export type ForgeEvent =
  | { kind: 'push'; ref: string; before: string | null; after: string | null; pusher: string }
  | {
      kind: 'pull-request';
      action: 'opened' | 'updated' | 'closed';
      merged: boolean;
      number: number;
      title: string;
      url: string;
      head: { branch: string; sha: string };
      base: { branch: string };
      /** The head lives in another repository than the base. */
      fork: boolean;
      author: string;
    }
  /** The forge only asks whether anybody listens. */
  | { kind: 'ping' }
  /** Understood, and of no concern here; `what` names it for the answer. */
  | { kind: 'ignored'; what: string };

/**
 * A foreign code host: how its webhooks prove themselves, what they say, and where its pull requests' heads are.
 * Pure: no clock, no network. Nothing here throws, whatever bytes come in.
 */
export interface Forge {
  name: 'github' | 'gitlab' | 'gitea';
  /** Whether the body was signed with `secret`; compared in constant time. */
  verify(headers: Headers, rawBody: Uint8Array, secret: string): boolean;
  /** The delivery's own id, by which replays are ignored; undefined when the forge sent none. */
  deliveryId(headers: Headers): string | undefined;
  /** What the delivery says; `undefined` when the body makes no sense. */
  parse(headers: Headers, body: unknown): ForgeEvent | undefined;
  /** Refspecs that bring pull request heads to `refs/pull/<number>/head`. */
  pullRequestRefspec: string;
  /** User name that goes with an access token in Basic authentication. */
  tokenUser: string;
}

/**
 * Reads the access token of a remote by the name of the project secret that holds it; undefined when there is none.
 * Fulfilled by the secrets room, which logs the access.
 */
export interface RemoteTokens {
  read(projectId: string, secretName: string): Promise<string | undefined>;
}
