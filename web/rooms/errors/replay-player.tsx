import '@rrweb/replay/dist/style.css';
import { Replayer } from '@rrweb/replay';
import { Pause, Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { IconButton } from '../../kit/button.tsx';
import { Check, Select } from '../../kit/field.tsx';
import styles from './replay.module.css';
import type { RecordedEvent } from './replay-recording.ts';

interface ReplayPlayerProps {
  events: RecordedEvent[];
  /** When the error happened, by the clock of the browser. Unix ms. */
  errorAt: number | undefined;
}

const tickMs = 100;
/** How long before the error it begins to play. */
const leadMs = 10_000;
/** The recording ends with the last change of the page; an error a little later is marked at its end. */
const afterEndMs = 5_000;
const speeds = [1, 2, 4, 8];
const mostHigh = 640;

type Events = ConstructorParameters<typeof Replayer>[0];

const clock = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/**
 * Plays a recording. The page is rebuilt in a frame without scripts, forms or a way out, and this program's content
 * policy keeps it from asking any other server for pictures or styles.
 */
export function ReplayPlayer({ events, errorAt }: ReplayPlayerProps) {
  const stage = useRef<HTMLDivElement>(null);
  const replayer = useRef<Replayer>(undefined);
  const [total, setTotal] = useState(0);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [skip, setSkip] = useState(true);
  const [problem, setProblem] = useState<string>();
  const error = errorAt === undefined ? undefined : errorAt - (events[0]?.timestamp ?? 0);
  const errorOffset =
    error !== undefined && error >= 0 && error <= total + afterEndMs ? Math.min(error, total) : undefined;

  useEffect(() => {
    const root = stage.current;
    if (!root) return;
    try {
      const player = new Replayer(events as unknown as Events, {
        root,
        mouseTail: false,
        showWarning: false,
        skipInactive: true,
        UNSAFE_replayCanvas: false,
      });
      replayer.current = player;
      const { totalTime } = player.getMetaData();
      setTotal(totalTime);
      player.on('finish', () => setPlaying(false));
      const fit = () => scale(root, player);
      player.on('resize', fit);
      const watch = new ResizeObserver(fit);
      watch.observe(root);
      const begin = error !== undefined && error > leadMs && error <= totalTime + afterEndMs ? error - leadMs : 0;
      setAt(begin);
      player.play(begin);
      setPlaying(true);
      return () => {
        watch.disconnect();
        player.destroy();
        replayer.current = undefined;
      };
    } catch (fault) {
      setProblem(fault instanceof Error ? fault.message : String(fault));
    }
  }, [events, error]);

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setAt(Math.min(replayer.current?.getCurrentTime() ?? 0, total)), tickMs);
    return () => clearInterval(timer);
  }, [playing, total]);

  const seek = (ms: number) => {
    setAt(ms);
    if (playing) replayer.current?.play(ms);
    else replayer.current?.pause(ms);
  };
  const toggle = () => {
    if (playing) replayer.current?.pause();
    else replayer.current?.play(at >= total ? 0 : at);
    setPlaying(!playing);
  };

  return (
    <figure className={styles.player} aria-label="Replay of the page">
      <div ref={stage} className={styles.stage} />
      {problem && <p role="alert">The recording cannot be played: {problem}</p>}
      <div className={styles.controls} role="toolbar" aria-label="Player">
        <IconButton label={playing ? 'Pause' : 'Play'} onClick={toggle}>
          {playing ? <Pause aria-hidden /> : <Play aria-hidden />}
        </IconButton>
        <span className={styles.track}>
          <input
            type="range"
            min={0}
            max={total}
            step={tickMs}
            value={at}
            aria-label="Time"
            aria-valuetext={`${clock(at)} of ${clock(total)}`}
            onChange={(change) => seek(Number(change.target.value))}
          />
          {errorOffset !== undefined && total > 0 && (
            <button
              type="button"
              className={styles.mark}
              style={{ insetInlineStart: `${(100 * errorOffset) / total}%` }}
              aria-label={`To the error, at ${clock(errorOffset)}`}
              title={`The error, at ${clock(errorOffset)}`}
              onClick={() => seek(Math.max(0, errorOffset - 1000))}
            />
          )}
        </span>
        <span className={styles.clock}>
          {clock(at)} / {clock(total)}
        </span>
        <Select
          small
          aria-label="Speed"
          value={String(speed)}
          options={speeds.map((value) => ({ value: String(value), label: `${value}×` }))}
          onChange={(change) => {
            const chosen = Number(change.target.value);
            setSpeed(chosen);
            replayer.current?.setConfig({ speed: chosen });
          }}
        />
        <Check
          label="Skip pauses"
          checked={skip}
          set={(checked) => {
            setSkip(checked);
            replayer.current?.setConfig({ skipInactive: checked });
          }}
        />
      </div>
    </figure>
  );
}

/** Makes the recorded page as wide as there is room, never larger than it was. */
function scale(root: HTMLElement, player: Replayer): void {
  const [width, height] = [player.iframe.offsetWidth, player.iframe.offsetHeight];
  if (width === 0 || height === 0) return;
  const factor = Math.min(1, root.clientWidth / width, mostHigh / height);
  player.wrapper.style.transform = `scale(${factor})`;
  player.wrapper.style.transformOrigin = '0 0';
  player.wrapper.style.marginInlineStart = `${Math.max(0, (root.clientWidth - width * factor) / 2)}px`;
  root.style.height = `${height * factor}px`;
}
