import type { Locator, Page } from 'playwright-core';
import {
  QUICK_INPUT,
  frameShowing,
  quickInput,
  runCommand,
  within,
  workbenchReady,
} from '../../scripts/vscode/browser.mjs';
import { screenshotPath } from './screenshots.js';
import { TraceEditor } from './traceEditor.js';

const ACTIVE_TAB = '.editor-group-container.active .tab.active';

/** A VS Code window as its user sees it: explorer, command palette, tabs, messages. */
export class Workbench {
  constructor(readonly page: Page) {}

  /** The explorer lists the folder and the extension is known. */
  async ready(): Promise<void> {
    await workbenchReady(this.page);
  }

  /** Double-clicks a file of the workspace's first level. */
  async doubleClick(name: string): Promise<void> {
    await this.explorerRow(name).dblclick();
  }

  /** Opens a folder of the workspace's first level as one trace, by its menu. */
  async openFolder(name: string): Promise<void> {
    await this.explorerRow(name).click({ button: 'right' });
    const item = this.page.getByRole('menuitem', { name: 'Open as GPU Trace' });
    await item.waitFor();
    // A menu takes no click in the moment after it opened.
    await within(this.page, 'The menu does not open the folder.', async (attempt) => {
      if (attempt % 5 === 0) {
        await item.click({ timeout: 1000 }).catch(() => undefined);
      }
      return !(await item.isVisible());
    });
  }

  explorerRow(name: string): Locator {
    return this.explorerRows().filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Runs a command by its title, category included, in the palette. */
  async command(title: string): Promise<void> {
    await runCommand(this.page, title);
  }

  /** Titles offered by the palette for what is typed. */
  async commandsFor(typed: string): Promise<string[]> {
    await this.page.keyboard.press('F1');
    await this.page.locator(QUICK_INPUT).fill(`>${typed}`);
    const titles = await this.choices();
    await this.page.keyboard.press('Escape');
    return titles;
  }

  /** The choices of an open quick pick, in order, once all of them are there. */
  async choices(): Promise<string[]> {
    const searching = this.page.locator('.quick-input-widget .monaco-progress-container.active');
    await this.choiceRows().first().waitFor();
    let before: string[] = [];
    let same = 0;
    for (let tries = 0; tries < 60; tries++) {
      const now = await this.choiceLabels();
      const filled = now.length > 0 && now.every((label) => label !== '');
      same = filled && now.join('\n') === before.join('\n') ? same + 1 : 0;
      if (same >= 3 && (await searching.count()) === 0) {
        return now;
      }
      before = now;
      await this.page.waitForTimeout(250);
    }
    throw new Error(`The choices do not settle: ${before.join(', ')}`);
  }

  /** Chooses from an open quick pick, once it is filled: before, it swallows the click. */
  async choose(text: string): Promise<void> {
    const offered = (await this.choices()).join('\n');
    const row = this.choiceRows().filter({ hasText: text }).first();
    await within(this.page, `The quick pick does not take ${text}.`, async (attempt) => {
      const labels = (await this.choiceLabels()).join('\n');
      if (labels === offered && attempt % 20 === 0) {
        await row.click();
      }
      return labels !== offered || (await quickInput(this.page)) === undefined;
    });
  }

  /** Ticks the one choice that a text finds in an open quick pick of several. */
  async tick(text: string): Promise<void> {
    await this.page.locator(QUICK_INPUT).fill(text);
    await within(this.page, `The quick pick does not find ${text}.`, async () => {
      const labels = await this.choiceLabels();
      return labels.length === 1 && labels[0].includes(text);
    });
    const box = this.choiceRows().first().locator('[role="checkbox"], input[type="checkbox"]');
    await within(this.page, `The quick pick does not tick ${text}.`, async (attempt) => {
      if (attempt % 20 === 0) {
        await this.choiceRows().first().click();
      }
      return await box.first().isChecked();
    });
  }

  /**
   * Answers VS Code's own file dialog, which suggests a name, with a path. The dialog looks every typed
   * path up before it takes it, and writes its suggestion when it is ready.
   */
  async saveAs(suggestion: string, path: string): Promise<void> {
    const holds = (end: string) =>
      within(
        this.page,
        `The file dialog does not show ${end}.`,
        async () => (await quickInput(this.page))?.endsWith(end) ?? false,
      );
    await holds(suggestion);
    await this.page.locator(QUICK_INPUT).fill(path);
    await this.page.waitForTimeout(1000);
    await holds(path);
    await within(this.page, `The file dialog does not take ${path}.`, async (attempt) => {
      const isOpen = (await quickInput(this.page)) === path;
      if (isOpen && attempt % 20 === 0) {
        const ok = this.page.locator('.quick-input-widget').getByRole('button', { name: 'OK' });
        await ok.click();
      }
      return !isOpen;
    });
  }

  /** The trace editor that shows a text, once it shows it; a picture of the window where it does not. */
  async trace(text: string | RegExp, timeoutMs = 60_000): Promise<TraceEditor> {
    try {
      return new TraceEditor(await frameShowing(this.page, text, timeoutMs), this);
    } catch (error) {
      await this.page.screenshot({ path: screenshotPath(`failed-${Date.now()}`) });
      throw error;
    }
  }

  /** File name of the active editor. */
  async activeTab(): Promise<string> {
    return (await this.page.locator(ACTIVE_TAB).first().getAttribute('data-resource-name')) ?? '';
  }

  /** Waits until the active editor is this file with the cursor on this line. */
  async isAt(file: string, line: number): Promise<void> {
    await this.page.locator(`${ACTIVE_TAB}[data-resource-name="${file}"]`).first().waitFor();
    await this.page.locator('#status\\.editor\\.selection', { hasText: `Ln ${line},` }).waitFor();
  }

  /** Waits until no editor is open. */
  async isEmpty(): Promise<void> {
    await this.page.locator('.editor-group-container.empty').first().waitFor();
  }

  private choiceRows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  private async choiceLabels(): Promise<string[]> {
    return await this.choiceRows().evaluateAll((all) =>
      all.map((row) => row.getAttribute('aria-label') ?? ''),
    );
  }

  private explorerRows(): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row');
  }
}
