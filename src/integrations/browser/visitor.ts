/** What a browser says of itself, in few words: enough to ask for, too little to know anybody again by. */
export interface Visitor {
  userAgentName: string;
  userAgentOS: string;
  deviceType: 'Desktop' | 'Mobile' | 'Tablet' | 'Bot';
}

const first = (agent: string, names: [RegExp, string][]): string =>
  names.find(([pattern]) => pattern.test(agent))?.[1] ?? 'Other';

/** Reads a User-Agent header. Browsers name others they are like, so the order matters. Pure. */
export function visitorOf(userAgent: string): Visitor {
  const agent = userAgent.slice(0, 512);
  const userAgentOS = first(agent, [
    [/iPhone|iPad|iPod/, 'iOS'],
    [/Android/, 'Android'],
    [/Windows/, 'Windows'],
    [/CrOS/, 'ChromeOS'],
    [/Mac OS X|Macintosh/, 'macOS'],
    [/Linux/, 'Linux'],
  ]);
  const userAgentName = first(agent, [
    [/Edg(?:e|A|iOS)?\//, 'Edge'],
    [/OPR\/|Opera/, 'Opera'],
    [/SamsungBrowser\//, 'Samsung Internet'],
    [/Firefox\/|FxiOS\//, 'Firefox'],
    [/Chrome\/|CriOS\/|Chromium\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ]);
  const bot = /bot\b|crawler|spider|crawling/i.test(agent);
  const tablet = /iPad|Tablet/.test(agent) || (/Android/.test(agent) && !/Mobile/.test(agent));
  const mobile = /Mobi|iPhone|iPod/.test(agent);
  return { userAgentName, userAgentOS, deviceType: bot ? 'Bot' : tablet ? 'Tablet' : mobile ? 'Mobile' : 'Desktop' };
}
