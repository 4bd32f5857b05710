import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrames, encodeHeader } from './frames.ts';

const payloads = fc.array(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 20 },
);
const segmentOf = (frames: Buffer[]): Buffer => Buffer.concat(frames.flatMap((frame) => [encodeHeader(frame), frame]));

test('what was written is read, in order', () => {
  fc.assert(
    fc.property(payloads, (frames) => {
      const segment = segmentOf(frames);
      expect(decodeFrames(segment)).toEqual({ frames, end: segment.length });
    }),
  );
});

test('a segment cut anywhere yields exactly the frames before the cut', () => {
  fc.assert(
    fc.property(payloads, fc.nat(), (frames, at) => {
      const segment = segmentOf(frames);
      const cut = segment.subarray(0, segment.length === 0 ? 0 : at % segment.length);
      const whole: Buffer[] = [];
      let used = 0;
      for (const frame of frames) {
        used += 8 + frame.length;
        if (used > cut.length) break;
        whole.push(frame);
      }
      expect(decodeFrames(cut).frames).toEqual(whole);
    }),
  );
});

test('a tail of zeros or of noise adds no frame', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.oneof(fc.constant(Buffer.alloc(4096)), fc.uint8Array({ minLength: 9, maxLength: 200 })),
      (frames, tail) => {
        expect(decodeFrames(Buffer.concat([segmentOf(frames), tail])).frames).toEqual(frames);
      },
    ),
  );
});

test('a flipped bit in a frame ends the reading there', () => {
  fc.assert(
    fc.property(
      payloads.filter((frames) => frames.some((frame) => frame.length > 0)),
      fc.nat(),
      (frames, at) => {
        const segment = segmentOf(frames);
        const index = at % segment.length;
        segment[index] = segment[index]! ^ 1;
        const { frames: read, end } = decodeFrames(segment);
        expect(end).toBeLessThanOrEqual(index);
        expect(read).toEqual(frames.slice(0, read.length));
      },
    ),
  );
});
