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
 * Waits until the explorer lists the folder and the workbench knows the extension: a file that is
 * opened before that opens as text.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<void>}
 * @throws {Error} where it does not come up within two minutes
 */
export async function workbenchReady(page) {
  const known = 'Layerscope: Open as GPU Trace';
  const end = Date.now() + 120_000;
  await page
    .locator('.explorer-folders-view .monaco-list-row')
    .first()
    .waitFor({ timeout: 60_000 });
  for (let offered = false; !offered; await page.waitForTimeout(offered ? 0 : 500)) {
    if (Date.now() > end) {
      throw new Error('The workbench does not offer the commands of the extension.');
    }
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').first().fill(`>${known}`);
    const first = page.locator('.quick-input-list .monaco-list-row').first();
    await first.waitFor();
    offered = ((await first.getAttribute('aria-label')) ?? '').includes(known);
    await page.keyboard.press('Escape');
  }
  await idle(page);
}

/** Editors of extensions are registered by services that the workbench makes when it is idle. */
async function idle(page) {
  for (let turn = 0; turn < 5; turn++) {
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    await page.waitForTimeout(300);
  }
}

/**
 * Runs a command by its title ("Layerscope: Show Stalls") in the command palette.
 * @param {import('playwright-core').Page} page
 * @param {string} title
 * @returns {Promise<void>}
 */
export async function runCommand(page, title) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill(`>${title}`);
  await page
    .locator('.quick-input-list .monaco-list-row')
    .filter({ hasText: title })
    .first()
    .click();
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
