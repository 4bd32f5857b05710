import type { Actor } from '../kernel/events.ts';
import type {
  ErrorRelease,
  EventDetail,
  EventSummary,
  IssueDetail,
  IssueSummary,
  Monitor,
  ReleaseDetail,
} from './api.ts';

/**
 * Where a client's protocol hands over what it read. Implemented by the errors room, used by integrations that speak
 * an error tracker's protocol. Any number of calls may run at once.
 */
export interface ErrorReception {
  /**
   * The project that an ingest id and a public key belong to, from memory for a few seconds; undefined when there is none.
   * The key routes and is public by design, so a wrong one says nothing about what exists.
   */
  projectOf(ingestId: number, publicKey: string): Promise<IngestProject | undefined>;
  /**
   * What of these categories must not be sent now, with the seconds to wait; asked before the body is read.
   * Categories are the protocol's: `error`, `transaction`, `span`, `log_item`...
   */
  limited(projectId: string, now: number): { category: string; retryAfter: number }[];
  /**
   * Keeps events as the client sent them. Resolves once they are durable, before they are grouped; each is grouped exactly
   * once, however often the same event id is handed over. Rejects with an `unavailable` Fault when the disk guard says no.
   */
  accept(events: ReceivedEvent[]): Promise<void>;
  /**
   * Keeps what is no event: sessions, feedback, files, check-ins. Durable when it resolves; each counts once. Their outcomes are
   * counted by the room when they are read.
   */
  acceptItems(items: ReceivedItem[]): Promise<void>;
  /** Counts what happened to things that are not kept as events. Kept in memory up to a second. */
  count(projectId: string, outcome: Outcome): void;
}

export interface IngestProject {
  id: string;
  slug: string;
}

export interface ReceivedEvent {
  projectId: string;
  /** 32 lower-case hexadecimal digits. */
  eventId: string;
  /** Unix milliseconds. */
  receivedAt: number;
  /** When the client says it sent it, by the client's clock; for correcting that clock. */
  sentAt?: number | undefined;
  /** Service named by the address it was sent to; the event's own tag counts for more. */
  service?: string | undefined;
  /** Address of the sender; used only if the client asks for it. */
  remoteAddress?: string | undefined;
  /** What told of it in place of an error-tracking client; the same exception may come by such a client too. */
  told?: 'span' | 'log' | undefined;
  /** JSON text of the event, not yet parsed, within the limits of the intake. */
  payload: Uint8Array;
  /** The same as it came over the wire, where that is shorter. */
  packed?: PackedPayload | undefined;
}

/** A payload before it was unpacked. Stands for `of` alone, so whoever puts another payload in its place need not know of it. */
export interface PackedPayload {
  of: Uint8Array;
  /** Valid gzip, which holds the payload. */
  gzip: Uint8Array;
  /** Bytes that come out of it, and where among them the payload begins. */
  unpacked: number;
  from: number;
}

/** What an item is, in the protocol's words; `replay` and `profile` stand for all items of theirs. */
export type ItemKind =
  | 'session'
  | 'sessions'
  | 'feedback'
  | 'user_report'
  | 'attachment'
  | 'replay'
  | 'profile'
  | 'check_in';

export interface ReceivedItem {
  projectId: string;
  /** Millrace's: 32 lower-case hexadecimal digits, so that it counts once however often it is handed over. */
  itemId: string;
  kind: ItemKind;
  /** The event (or replay) it belongs to. */
  eventId: string | null;
  receivedAt: number;
  sentAt?: number | undefined;
  remoteAddress?: string | undefined;
  /** For files. */
  name?: string | undefined;
  contentType?: string | undefined;
  /** What kind of file, in the protocol's words: `event.attachment`, `event.minidump`, `event.view_hierarchy`... */
  fileKind?: string | undefined;
  payload: Uint8Array;
}

export type OutcomeKind =
  | 'accepted'
  | 'duplicate'
  | 'filtered'
  | 'limited'
  | 'invalid'
  | 'unsupported'
  | 'client_discard';

export interface Outcome {
  category: string;
  outcome: OutcomeKind;
  /** A short stable word: `too_large`, `ratelimit_backoff`; empty for accepted. */
  reason: string;
  quantity: number;
}

/**
 * What deployments know about a release an event names. Fulfilled by the deployments room. Called once for each pair of
 * release and environment in a batch; must answer within a second or reject, in which case the event goes on without.
 */
export interface ReleaseLookup {
  /** The deployment of `release` (its version) to `environment`, the latest one; undefined when Millrace did not deploy it. */
  deploymentOf(projectId: string, release: string, environment: string | null): Promise<ReleaseDeployment | undefined>;
}

export interface ReleaseDeployment {
  deploymentId: string;
  /** The fact in the event log that started it. */
  eventId: string;
  environment: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** Position among the project's releases; grows with each release. */
  order: number;
}

/** What this room asks of projects. Fulfilled by the projects room's door. */
export interface ProjectDirectory {
  /** The project of an ingest id, with the key its clients must name; undefined when there is none. */
  projectByIngest(ingestId: number): Promise<(IngestProject & { publicKey: string }) | undefined>;
  /** By id or slug; undefined when there is none. */
  find(idOrSlug: string): Promise<IngestProject | undefined>;
  list(): Promise<ListedProject[]>;
}

export interface ListedProject extends IngestProject {
  name: string;
  /** The number in the addresses that clients send to. */
  ingestId: number;
  /** Unix ms. */
  createdAt: number;
  dsn: string;
  gitUrl: string;
}

/** What this room reads of a project's repository. */
export interface RepositoryReader {
  /** Commits after `from` (only the last one when null) up to `to`, newest first, with the files each touches. Bounded. */
  commits(projectId: string, from: string | null, to: string): Promise<ReleaseCommit[]>;
  /** Text of a file at the head of the default branch; undefined when there is none. */
  file(projectId: string, path: string): Promise<string | undefined>;
}

/** What this room asks of identity. */
export interface PeopleDirectory {
  /** How a person is called; undefined when there is no such person. */
  nameOf(personId: string): Promise<string | undefined>;
  /** By address, in whatever case. */
  byEmail(email: string): Promise<{ id: string; name: string } | undefined>;
}

/** A bundle of scripts and source maps that an upload tool wants put together. */
export interface BundleOrder {
  projectIds: string[];
  /** SHA-1 of the whole and of its chunks in order, 40 hexadecimal digits each. */
  checksum: string;
  chunks: string[];
  /** Named by the tool; '' where the bundle says it itself. */
  release: string;
  dist: string;
}

export interface BundleAnswer {
  state: 'ok' | 'not_found' | 'error';
  /** Chunks still to be sent. */
  missing: string[];
  detail: string | null;
}

/** A file that a run left. */
export interface RunArtifact {
  path: string;
  body: Buffer;
}

/** Source maps that nobody uploads: those a pipeline left among its artifacts. */
export interface RunMaps {
  /** Keeps the maps among artifacts; resolves to how many there are. Safe to repeat. */
  take(projectId: string, runId: string, artifacts: AsyncIterable<RunArtifact>): Promise<number>;
  /** The run became a release. Safe to repeat. */
  name(projectId: string, runId: string, release: string): Promise<void>;
}

/** What upload tools may say of a release. */
export interface ReleaseWord {
  /** Unix ms. */
  releasedAt?: number | undefined;
  commits?: ReleaseCommit[] | undefined;
  /** The commits are those of the project's repository after `from` (where the release before it ended, when undefined) up to `to`. */
  range?: { from: string | null | undefined; to: string } | undefined;
  deploy?: ReleaseDeploy | undefined;
}

export interface ReleaseCommit {
  id: string;
  message: string;
  author: string;
  email?: string | undefined;
  /** Unix ms. */
  at: number | null;
  files: string[];
}

export interface ReleaseDeploy {
  environment: string;
  name: string;
  /** Unix ms. */
  startedAt: number | null;
  finishedAt: number;
  /** Of a deployment that Millrace made. */
  deploymentId?: string | undefined;
}

export interface KnownRelease {
  version: string;
  createdAt: number;
  releasedAt: number | null;
  commits: number;
  deploys: ReleaseDeploy[];
}

/** Where the tools of error-tracking clients bring source maps and what they know of releases. Implemented by the errors room. */
export interface ReleaseUploads {
  /** By slug or id. */
  project(name: string): Promise<IngestProject | undefined>;
  /** The projects that know a release of this version. */
  projectsWith(version: string): Promise<IngestProject[]>;
  storeChunk(body: Buffer): Promise<void>;
  assemble(order: BundleOrder): Promise<BundleAnswer>;
  /** Makes the release known, or adds to what is known of it. */
  tell(projectId: string, version: string, word: ReleaseWord): Promise<KnownRelease>;
  release(projectId: string, version: string): Promise<KnownRelease | undefined>;
}

/** A fact of the event log, as far as errors look at it. */
export interface NotedFact {
  eventId: string;
  /** `deployments.variables.changed`... */
  type: string;
  /** Unix ms. */
  at: number;
  /** One sentence. */
  text: string;
  /** Path in the web app where it is shown. */
  href: string | null;
  /** What it is about; null where it says nothing of it. */
  environment: string | null;
  service: string | null;
  release: string | null;
  /** It tells of an end of trouble. */
  recovered: boolean;
}

/** What happened around an error. Plugged by app. */
export interface ChangeLog {
  /** Facts of a project of these types, newest first, bounded. Times in Unix ms. */
  between(projectId: string, since: number, until: number, types: readonly string[]): Promise<NotedFact[]>;
  /** Tests that failed in a time and name a word in what they say, oldest first, bounded. */
  failuresNaming(
    projectId: string,
    word: string,
    since: number,
    until: number,
  ): Promise<{ runId: string; run: number; test: string; text: string; at: number }[]>;
}

/** One page of a list; `cursor` is the `next` of the page before. */
export interface PageAsked {
  limit: number;
  cursor?: string | undefined;
}

export interface Paged<Item> {
  items: Item[];
  next: string | null;
}

/** What may be changed of an issue at a time. */
export interface IssueChange {
  status?: 'resolved' | 'unresolved' | 'archived' | undefined;
  /** With `resolved`. */
  in?: { in: 'now' | 'release' | 'next-release'; release?: string | undefined } | undefined;
  /** With `archived`; none for ever. */
  until?:
    | {
        untilAt?: number | undefined;
        untilCount?: number | undefined;
        untilUsers?: number | undefined;
        untilEscalating?: boolean | undefined;
      }
    | undefined;
  /** A person's id or e-mail address, or null for nobody. */
  assignee?: string | null | undefined;
  priority?: 'high' | 'medium' | 'low' | undefined;
}

/** For foreign APIs: reading issues, events, releases and jobs, and working on issues. Implemented by the errors room. */
export interface ErrorCatalogue {
  projects(): Promise<ListedProject[]>;
  /** `search` is in the search language; without a condition on the status all are meant. */
  issues(
    filter: { projectId?: string | undefined; search: string; environment?: string | undefined },
    order: { sort: 'lastSeen' | 'firstSeen' | 'count' | 'users' } & PageAsked,
  ): Promise<Paged<IssueSummary>>;
  /** By id or short id (`SHOP-12`); throws a `missing` Fault. */
  issue(id: string): Promise<IssueDetail>;
  change(id: string, change: IssueChange, actor: Actor): Promise<IssueSummary>;
  /** Kept events, newest first. */
  events(of: { projectId: string } | { issueId: string }, page: PageAsked): Promise<Paged<EventSummary>>;
  /** By Millrace's id or the client's; throws a `missing` Fault. */
  event(id: string): Promise<EventDetail>;
  releases(filter: { projectId?: string | undefined }, page: PageAsked): Promise<Paged<ErrorRelease>>;
  /** Throws a `missing` Fault. */
  release(projectId: string, release: string): Promise<ReleaseDetail>;
  /** Takes away what was told of a release; what errors and sessions say of it stays. */
  forgetRelease(projectId: string, release: string): Promise<void>;
  monitors(projectId: string | undefined): Promise<Monitor[]>;
}
