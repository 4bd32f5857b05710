import type { ErrorReport } from '../report.ts';

/** Which events a project does not want. What is not wanted is counted, and thrown away before it is grouped. */
export interface FilterSettings {
  /** Errors that come out of extensions of browsers. */
  browserExtensions: boolean;
  /** Events of a machine that calls itself localhost. */
  localhost: boolean;
  /** Events of pages that search engines and the like look at. */
  webCrawlers: boolean;
  /** Events of browsers that nobody supports any more. */
  legacyBrowsers: boolean;
  /** Globs over "type: value" of the error, or over its message; `*` stands for any text. */
  messages: string[];
  /** Globs over releases. */
  releases: string[];
}

export const noFilters: FilterSettings = {
  browserExtensions: false,
  localhost: false,
  webCrawlers: false,
  legacyBrowsers: false,
  messages: [],
  releases: [],
};

/** Why an event was filtered, as the accounts say it. */
export type FilterReason =
  | 'browser-extensions'
  | 'localhost'
  | 'web-crawlers'
  | 'legacy-browsers'
  | 'error-message'
  | 'release-version';

const extension = /^(?:chrome|moz|safari|safari-web|ms-browser|edge)-extension:\/\//i;
/** What extensions and injected scripts are known to say, whichever page they were in. */
const extensionWords =
  /extension context invalidated|__gCrWeb|originalCreateNotification|canvas\.contentDocument|atomicFindClose|fb_xd_fragment|jigsaw is not defined|can't find variable: ZiteReader|message port closed before a response/i;

const crawler =
  /googlebot|adsbot-google|google-inspectiontool|mediapartners-google|bingbot|bingpreview|slurp|duckduckbot|baiduspider|yandex(?:bot|images)|facebookexternalhit|facebot|twitterbot|linkedinbot|embedly|pinterest(?:bot)?\/|applebot|ahrefsbot|semrushbot|mj12bot|petalbot|dotbot|sogou|exabot|ia_archiver|gptbot|claudebot|amazonbot|uptimerobot|pingdom|headlesschrome-lighthouse|chrome-lighthouse/i;

/** Versions below which a browser counts as old. */
const oldBrowsers: { pattern: RegExp; below: number }[] = [
  { pattern: /\bMSIE (\d+)/, below: 12 },
  { pattern: /\bTrident\/(\d+)/, below: 99 },
  { pattern: /\bOPR\/(\d+)/, below: 66 },
  { pattern: /\bEdge\/(\d+)/, below: 79 },
  { pattern: /\bFirefox\/(\d+)/, below: 67 },
  { pattern: /\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari/, below: 12 },
  { pattern: /\bChrome\/(\d+)/, below: 63 },
];

/** Filters ready for use; texts are compiled once. */
export type Filter = (report: ErrorReport) => FilterReason | null;

/** Compiles settings. Pure; what it returns looks at a report and says why it is not wanted, or null. */
export function filterOf(settings: FilterSettings): Filter {
  const messages = settings.messages.map(globOf);
  const releases = settings.releases.map(globOf);
  return (report) => {
    if (releases.some((glob) => report.release !== null && glob.test(report.release))) return 'release-version';
    if (messages.length > 0 && textsOf(report).some((text) => messages.some((glob) => glob.test(text)))) {
      return 'error-message';
    }
    if (settings.browserExtensions && fromExtension(report)) return 'browser-extensions';
    if (settings.localhost && fromLocalhost(report)) return 'localhost';
    const agent = agentOf(report);
    if (agent !== null && settings.webCrawlers && crawler.test(agent)) return 'web-crawlers';
    if (agent !== null && settings.legacyBrowsers && isOld(agent)) return 'legacy-browsers';
    return null;
  };
}

/** `*` stands for any text, letters count the same in either case; takes time in proportion to the text, whatever the glob. */
function globOf(glob: string): { test(text: string): boolean } {
  const [first = '', ...rest] = glob.toLowerCase().split('*');
  const last = rest.pop();
  return {
    test(given) {
      const text = given.toLowerCase();
      if (last === undefined) return text === first;
      if (!text.startsWith(first)) return false;
      let at = first.length;
      for (const piece of rest) {
        const found = text.indexOf(piece, at);
        if (found < 0) return false;
        at = found + piece.length;
      }
      return text.length - last.length >= at && text.endsWith(last);
    },
  };
}

function textsOf(report: ErrorReport): string[] {
  const texts = report.exceptions.flatMap(({ type, value }) => [
    [type, value].filter(Boolean).join(': '),
    ...(value === null ? [] : [value]),
  ]);
  if (report.message) texts.push(report.message.text);
  return texts;
}

function fromExtension(report: ErrorReport): boolean {
  const last = report.exceptions.at(-1);
  const frames = last?.frames ?? report.frames ?? [];
  if (frames.some(({ path, file }) => extension.test(path ?? '') || extension.test(file ?? ''))) return true;
  return report.platform === 'javascript' && extensionWords.test(last?.value ?? report.message?.text ?? '');
}

function fromLocalhost(report: ErrorReport): boolean {
  const address = report.user.find(([key]) => key === 'ip_address')?.[1];
  if (address === '127.0.0.1' || address === '::1') return true;
  try {
    const { hostname } = new URL(report.request?.url ?? '');
    return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  } catch {
    return false;
  }
}

const agentOf = (report: ErrorReport): string | null =>
  report.request?.headers.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? null;

function isOld(agent: string): boolean {
  // The first that names itself counts: others carry the names of those they imitate.
  for (const { pattern, below } of oldBrowsers) {
    const version = pattern.exec(agent)?.[1];
    if (version !== undefined) return Number(version) < below;
  }
  return false;
}
