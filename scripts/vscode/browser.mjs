// The browser that looks at VS Code, and how a trace editor is found in it.
import { chromium } from 'playwright-core';
import { browserPath } from '../setup/debian.mjs';
import { SetupError } from '../setup/command.mjs';

/**
 * @returns {Promise<import('playwright-core').Browser>}
 * @throws {SetupError} where the machine has no Chromium
 */
export async function startBrowser() {
  const executablePath = browserPath();
  if (executablePath === undefined) {
    throw new SetupError('No Chromium was found: run `node scripts/setup.mjs`.');
  }
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * The frame that shows a text. VS Code nests a webview two frames deep and gives it no name, so it is
 * found by what it shows.
 * @param {import('playwright-core').Page} page
 * @param {string | RegExp} text
 * @param {number} [timeoutMs]
 * @returns {Promise<import('playwright-core').Frame>}
 * @throws {Error} where no frame shows it in time
 */
export async function frameShowing(page, text, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  do {
    for (const frame of page.frames()) {
      if (frame !== page.mainFrame() && (await shows(frame, text))) {
        return frame;
      }
    }
    await page.waitForTimeout(100);
  } while (Date.now() < end);
  throw new Error(`No webview shows ${String(text)} within ${timeoutMs / 1000} s.`);
}

async function shows(frame, text) {
  try {
    return await frame.getByText(text).first().isVisible();
  } catch (error) {
    if (frame.isDetached() || /detached|destroyed|closed/i.test(error.message)) {
      return false; // VS Code replaces the outer frame while a webview loads
    }
    throw error;
  }
}
