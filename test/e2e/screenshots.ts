import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where screenshots of a run go, to be looked at. */
export function screenshotPath(name: string): string {
  const folder = resolve('test-results/screenshots');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}
