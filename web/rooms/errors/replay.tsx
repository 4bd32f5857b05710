import { useMutation } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Answer } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { Button } from '../../kit/button.tsx';
import { bytesText, plural } from '../../kit/figures.ts';
import { instant } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import styles from './replay.module.css';
import {
  type RecordedEvent,
  type RecordingPart,
  readRecording,
  recordingOf,
  replayLimits,
} from './replay-recording.ts';

const ReplayPlayer = lazy(() => import('./replay-player.tsx').then((module) => ({ default: module.ReplayPlayer })));

type ErrorEvent = Answer<'errors', 'getEvent'>;
type File = ErrorEvent['files'][number];

const atOnce = 4;

const isRecording = (file: File): boolean => file.kind === 'replay_recording';

/** Whether a file is of use only together with the others of its replay. */
export const isPartOfReplay = (file: File): boolean => isRecording(file) || file.kind === 'replay_event';

interface Recording {
  events: RecordedEvent[];
  /** Parts that could not be read, and why. */
  faults: string[];
}

/** What the browser's page looked like until the error, played when asked: its parts are fetched only then. */
export function Replay({ event }: { event: ErrorEvent }) {
  const parts = event.files.filter(isRecording);
  const [done, setDone] = useState(0);
  const load = useMutation({ mutationFn: () => loadRecording(parts, setDone) });
  if (parts.length === 0) return null;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return (
    <Section title="Replay" aside={`${plural(parts.length, 'part')}, ${bytesText(size)}`}>
      {load.data ? (
        <>
          <Suspense fallback={<p className={styles.quiet}>Loading the player …</p>}>
            <ReplayPlayer events={load.data.events} errorAt={instant(event.at)} />
          </Suspense>
          {load.data.faults.map((fault) => (
            <p key={fault} className={styles.quiet}>
              {fault}
            </p>
          ))}
        </>
      ) : (
        <div className={styles.start}>
          <Button icon={<Play aria-hidden />} busy={load.isPending} onClick={() => load.mutate()}>
            Play what was on the page
          </Button>
          <span className={styles.quiet} role="status">
            {load.isPending
              ? `${done} of ${plural(parts.length, 'part')}`
              : 'Rebuilt from what the browser recorded; texts and inputs are masked as its SDK was told.'}
          </span>
        </div>
      )}
      {load.error && <Problem error={load.error} retry={() => load.mutate()} />}
    </Section>
  );
}

async function loadRecording(files: File[], onPart: (done: number) => void): Promise<Recording> {
  const parts: RecordingPart[] = [];
  const faults: string[] = [];
  let next = 0;
  let done = 0;
  let bytes = 0;
  onPart(0);
  const work = async () => {
    for (;;) {
      const index = next++;
      const file = files[index];
      if (!file) return;
      try {
        if (bytes > replayLimits.wholeBytes) throw new Error('the replay is larger than can be played');
        const part = await readRecording(await bytesOf(file));
        bytes += part.bytes;
        parts.push(part);
      } catch (error) {
        faults.push(`Part ${index + 1} is left out: ${error instanceof Error ? error.message : String(error)}.`);
      }
      onPart(++done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { events: recordingOf(parts), faults };
}

async function bytesOf(file: File): Promise<Uint8Array> {
  const response = await fetch(`/api/v1/errors/files/${file.id}/content`);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
