import type { Locator, Page } from 'playwright-core';
import { frameShowing, runCommand, workbenchReady } from '../../scripts/vscode/browser.mjs';
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
    await this.page.locator('.quick-input-widget input').first().fill(`>${typed}`);
    const titles = await this.choices();
    await this.page.keyboard.press('Escape');
    return titles;
  }

  /** The choices of an open quick pick, in order, once all of them are there. */
  async choices(): Promise<string[]> {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const searching = this.page.locator('.quick-input-widget .monaco-progress-container.active');
    const labels = () =>
      rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-label') ?? ''));
    await rows.first().waitFor();
    let before: string[] = [];
    let same = 0;
    for (let tries = 0; tries < 60; tries++) {
      const now = await labels();
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
    await this.choices();
    await this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ hasText: text })
      .first()
      .click();
  }

  /**
   * Answers VS Code's own file dialog, which suggests a name, with a path. The dialog looks every typed
   * path up before it takes it, and writes its suggestion when it is ready.
   */
  async saveAs(suggestion: string, path: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    const holds = async (end: string) => {
      for (let tries = 0; !(await input.inputValue()).endsWith(end); tries++) {
        if (tries > 100) {
          throw new Error(`The file dialog does not show ${end}.`);
        }
        await this.page.waitForTimeout(100);
      }
    };
    await holds(suggestion);
    await input.fill(path);
    await this.page.waitForTimeout(1000);
    await holds(path);
    await this.page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
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

  private explorerRows(): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row');
  }
}
