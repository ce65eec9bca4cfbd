import type { Frame, Locator } from 'playwright-core';
import type { Workbench } from './workbench.js';

/** The trace editor inside a window. Locators look through its shadow roots by themselves. */
export class TraceEditor {
  constructor(
    readonly frame: Frame,
    readonly workbench: Workbench,
  ) {}

  /** Text of a figure of the header. */
  async figure(testId: string): Promise<string> {
    const element = this.frame.getByTestId(testId);
    await element.waitFor();
    return oneLine(await element.innerText());
  }

  /** The rows of the layer table, each as the texts of its cells. */
  async layerRows(): Promise<string[][]> {
    return await cellsOf(this.frame.getByTestId('layer-table'));
  }

  layerRow(label: string): Locator {
    return this.frame.getByTestId('layer-table').locator('tbody tr').filter({ hasText: label });
  }

  /** Heading of the table's first column: what it is decomposed by. */
  async decomposedBy(): Promise<string> {
    const heading = this.frame.getByTestId('layer-table').locator('thead th').first();
    return oneLine(await heading.innerText());
  }

  async stallRows(): Promise<string[][]> {
    return await cellsOf(this.frame.getByTestId('stall-table'));
  }

  stallRow(kernel: string): Locator {
    return this.frame.getByTestId('stall-table').locator('tbody tr').filter({ hasText: kernel });
  }

  async openTab(label: string): Promise<void> {
    await this.frame.getByRole('tab', { name: label }).click();
  }

  /** Types a statement into the query box and runs it by the keyboard. */
  async runSql(sql: string): Promise<void> {
    await this.openTab('Query');
    const box = this.frame.getByTestId('sql');
    await box.fill(sql);
    await box.press('Control+Enter');
  }

  /** Heading and rows of the query's result, once `rows` rows are announced. */
  async queryResult(rows: number): Promise<{ columns: string[]; cells: string[][] }> {
    await this.frame
      .getByTestId('query-status')
      .filter({ hasText: `${rows} row` })
      .waitFor();
    const table = this.frame.getByTestId('query-result');
    return {
      columns: (await table.locator('thead th').allInnerTexts()).map(oneLine),
      cells: (await cellsOf(table)).filter((row) => row.length > 0),
    };
  }
}

async function cellsOf(table: Locator): Promise<string[][]> {
  await table.locator('tbody tr').first().waitFor();
  const rows = await table
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText)),
    );
  return rows.map((row) => row.map(oneLine));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
