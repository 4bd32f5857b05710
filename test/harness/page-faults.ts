import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const script = readFileSync(new URL('./page-faults.js', import.meta.url), 'utf8');

/** What is wrong with how the open page looks: too wide, unreadable, unnamed, nonsense words. Empty when nothing is. */
export const lookFaults = (page: Page): Promise<string[]> => page.evaluate(script);

export interface Complaints {
  /** What the browser complained about since the last call: errors, warnings, answers of 400 and above. */
  take(): string[];
}

/** Listens to everything that a page complains about. */
export function complaintsOf(page: Page): Complaints {
  let all: string[] = [];
  page.on('pageerror', (error) => all.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') all.push(`${message.type()}: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) all.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return {
    take() {
      const taken = all;
      all = [];
      return taken;
    },
  };
}
