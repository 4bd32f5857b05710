import { type FrameForm, frameForms, type ToldFrame } from './frame-forms.ts';

/** One exception of a chain, as its text tells it. */
export interface ToldError {
  /** With its module or package; null where the text does not name it. */
  type: string | null;
  message: string | null;
  /** Outermost call first, crash last. */
  frames: ToldFrame[];
}

const longest = 64 * 1024;
const mostLines = 2000;
const mostErrors = 10;

/** `language` as OpenTelemetry calls it, which decides between forms that look alike; null where it was not said. */
const formsOf: Record<string, FrameForm['platform'][]> = {
  python: ['python'],
  nodejs: ['node'],
  webjs: ['node'],
  java: ['java'],
  go: ['go'],
  php: ['php', 'java'],
  ruby: ['ruby'],
};

/**
 * Takes the text of a stack apart as runtimes of Python, JavaScript, Java, Go, PHP and Ruby print it. Gives the chain from its root to what
 * was raised last, as error-tracking clients send it; empty when nothing in the text is a call. Never throws.
 */
export function readStack(text: string, language: string | null): { platform: string; errors: ToldError[] } {
  const lines = text.slice(0, longest).split(/\r?\n/, mostLines);
  const wanted = language === null ? undefined : formsOf[language];
  const form = frameForms.find(
    (one) => (wanted === undefined || wanted.includes(one.platform)) && lines.some((line) => one.frame(line)),
  );
  if (!form) return { platform: platformOf(language, null), errors: [] };
  const errors = readErrors(lines, form);
  return { platform: platformOf(language, form.platform), errors: form.rootFirst ? errors : errors.reverse() };
}

/** The name error-tracking clients have for a language. */
function platformOf(language: string | null, found: string | null): string {
  if (language === 'webjs') return 'javascript';
  if (language === 'nodejs') return 'node';
  if (language !== null && language in formsOf) return language;
  return found ?? 'other';
}

function readErrors(lines: string[], form: FrameForm): ToldError[] {
  const errors: ToldError[] = [];
  let head: string[] = [];
  let calls: ToldFrame[] = [];
  let skipping = false;
  const end = (said: string[]): void => {
    if (calls.length === 0 && said.length === 0) return;
    const { type, message, site } = form.headline(said);
    const frames = form.shape(site ? [site, ...calls] : calls);
    if (errors.length < mostErrors && (frames.length > 0 || type !== null)) errors.push({ type, message, frames });
    head = [];
    calls = [];
  };
  for (const line of lines) {
    const frame = form.frame(line);
    if (frame) {
      if (!skipping) calls.push(frame);
      continue;
    }
    const last = calls.at(-1);
    // The source, or the place, of the call before.
    if (last && form.continues(line, last)) continue;
    if (form.skips?.(line)) {
      skipping = true;
      continue;
    }
    if (line.trim() === '' || form.noise.test(line)) continue;
    // Python names an error after its calls, the others before them.
    if (form.namedLast) {
      if (calls.length > 0) {
        end([line]);
      }
      continue;
    }
    if (calls.length > 0) end(head);
    skipping = false;
    head.push(line);
  }
  end(form.namedLast ? [] : head);
  return errors;
}
