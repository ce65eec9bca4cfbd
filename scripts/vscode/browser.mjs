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
    await page.locator(QUICK_INPUT).fill(`>${known}`);
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
 * Runs a command by its title ("Layerscope: Show Stalls") in the command palette. On a busy machine the
 * palette still shows the answers to what was typed before, and takes no click in the moment after it
 * opened: it must offer the command, and then go or ask something else.
 * @param {import('playwright-core').Page} page
 * @param {string} title
 * @returns {Promise<void>}
 * @throws {Error} where the palette does not offer the command, or does not run it, within a minute
 */
export async function runCommand(page, title) {
  const typed = `>${title}`;
  // A key binding may stand behind the title.
  const offered = page
    .locator('.quick-input-list')
    .locator(`[aria-label="${title}"], [aria-label^="${title},"]`)
    .first();
  let clickedAt;
  await within(page, `The command palette does not run ${title}.`, async (attempt) => {
    const text = await quickInput(page);
    if (text !== typed && clickedAt !== undefined) {
      return true;
    }
    if (text === undefined) {
      // Not open yet, or closed by an editor that has just come and took the focus.
      if (attempt % 10 === 0) {
        await page.keyboard.press('F1');
      }
    } else if (text !== typed) {
      // One that is just closing takes no text: it opens again in a later attempt.
      await page.locator(QUICK_INPUT).fill(typed, { timeout: 1000 }).catch(ignoreTimeout);
    } else if (
      (clickedAt === undefined || attempt >= clickedAt + 20) &&
      (await offered.isVisible())
    ) {
      const clicked = await offered.click({ timeout: 1000 }).then(() => true, ignoreTimeout);
      clickedAt = clicked ? attempt : clickedAt;
    }
    return false;
  });
}

function ignoreTimeout(error) {
  if (error.name !== 'TimeoutError') {
    throw error;
  }
}

/** The box of the palette, of a quick pick and of a file dialog. */
export const QUICK_INPUT = '.quick-input-widget input.input';

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string | undefined>} what the palette, a quick pick or a file dialog has in its box;
 *   undefined where none is open
 */
export async function quickInput(page) {
  const [text] = await page
    .locator(QUICK_INPUT)
    .evaluateAll((boxes) => boxes.filter((box) => box.offsetParent).map((box) => box.value))
    .catch((error) => {
      if (/context was destroyed|navigat/i.test(error.message)) {
        return []; // the window is being loaded anew
      }
      throw error;
    });
  return text;
}

/**
 * Asks every 100 ms, for a minute, until `met` says yes.
 * @param {import('playwright-core').Page} page
 * @param {string} otherwise what the error says where it does not
 * @param {(attempt: number) => Promise<boolean>} met is told how often it was asked before
 * @returns {Promise<void>}
 */
export async function within(page, otherwise, met) {
  const end = Date.now() + 60_000;
  for (let attempt = 0; !(await met(attempt)); attempt++) {
    if (Date.now() > end) {
      throw new Error(otherwise);
    }
    await page.waitForTimeout(100);
  }
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
