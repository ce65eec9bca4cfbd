import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { QueryResult } from '../../src/session/session.js';
import { baseStyles, tableStyles } from '../sharedStyles.js';
import { cellText, columnWidths, numericColumns } from './resultText.js';
import { visibleRows } from './visibleRows.js';

const ROW_HEIGHT = 24;
const LONGEST_CELL = 400;
/** px that a column has beside its text */
const PADDING = 12;

/** Rows of a query. Only those in sight are in the page. */
@customElement('layerscope-result')
export class ResultTable extends LitElement {
  static override styles = [
    baseStyles,
    tableStyles,
    css`
      :host {
        display: block;
        min-height: 0;
      }
      .scroll {
        height: 100%;
        overflow: auto;
      }
      /* Its width is set beside those of its columns: without one no layout is fixed. */
      table {
        table-layout: fixed;
        min-width: 100%;
      }
      td {
        font-variant-numeric: tabular-nums;
      }
      .null {
        color: var(--vscode-descriptionForeground);
        font-style: italic;
      }
      tr.gap td {
        border: 0;
        padding: 0;
      }
    `,
  ];

  @property({ attribute: false }) result: QueryResult | undefined;
  @state() private top = 0;
  @state() private height = 300;
  private resize: ResizeObserver | undefined;
  private numeric: readonly boolean[] = [];
  private widths: readonly number[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.resize = new ResizeObserver(() => (this.height = this.clientHeight));
    this.resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resize?.disconnect();
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('result') && this.result !== undefined) {
      this.numeric = numericColumns(this.result);
      this.widths = columnWidths(this.result);
      this.top = 0;
    }
  }

  protected override render() {
    const { result } = this;
    if (result === undefined) {
      return html``;
    }
    const { from, to } = visibleRows(this.top, this.height, ROW_HEIGHT, result.rows.length);
    return html`<div
      class="scroll"
      tabindex="0"
      role="region"
      aria-label="Query result"
      @scroll=${(event: Event) => (this.top = (event.target as HTMLElement).scrollTop)}
    >
      <table aria-rowcount=${result.rows.length + 1} data-testid="query-result">
        <colgroup>
          ${result.columns.map(() => html`<col />`)}
        </colgroup>
        <thead>
          <tr>
            ${result.columns.map(
              (name, i) =>
                html`<th
                  scope="col"
                  class=${this.numeric[i] ? 'number' : ''}
                  title=${visibleText(name)}
                >
                  ${visibleText(name)}
                </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${this.gap(from)}
          ${result.rows.slice(from, to).map(
            (row, i) =>
              html`<tr aria-rowindex=${from + i + 2}>
                ${row.map((value, column) => this.cell(value, column))}
              </tr>`,
          )}
          ${this.gap(result.rows.length - to)}
        </tbody>
      </table>
    </div>`;
  }

  /** Room for rows that are not in the page. */
  private gap(rows: number) {
    return rows === 0
      ? nothing
      : html`<tr class="gap" aria-hidden="true">
          <td colspan=${this.result?.columns.length ?? 1} data-rows=${rows}></td>
        </tr>`;
  }

  private cell(value: QueryResult['rows'][number][number], column: number) {
    const text = cellText(value);
    const shown = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
    return html`<td
      class="${this.numeric[column] ? 'number' : ''} ${value === null ? 'null' : ''}"
      title=${text.length > 24 ? shown : ''}
    >
      ${shown}
    </td>`;
  }

  protected override updated(changed: Map<string, unknown>): void {
    this.renderRoot.querySelectorAll<HTMLElement>('tr.gap td').forEach((gap) => {
      gap.style.height = `${Number(gap.dataset['rows']) * ROW_HEIGHT}px`;
    });
    this.renderRoot.querySelectorAll('col').forEach((column, i) => {
      column.style.width = `calc(${this.widths[i]}ch + ${PADDING}px)`;
    });
    const table = this.renderRoot.querySelector('table');
    if (table !== null) {
      const characters = this.widths.reduce((sum, width) => sum + width, 0);
      table.style.width = `calc(${characters}ch + ${this.widths.length * PADDING}px)`;
    }
    if (changed.has('result')) {
      this.renderRoot.querySelector('.scroll')?.scrollTo({ top: 0, left: 0 });
    }
  }
}
