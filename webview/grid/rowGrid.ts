import { html, nothing } from 'lit';
import { state } from 'lit/decorators.js';
import { formatCount } from '../../src/analysis/format.js';
import { rowAction } from '../rowKeys.js';
import { ariaSort, nextSort } from '../sorting.js';
import type { Sort } from '../sorting.js';
import { ViewElement } from '../viewElement.js';

/** Rows drawn at once; more come on request. */
const PAGE = 500;

/** A heading that sorts. */
export interface SortHeading {
  readonly id: string;
  readonly label: string;
  readonly title: string;
  readonly numeric: boolean;
  /** further classes of the cell */
  readonly classes?: string;
}

/**
 * A table whose rows take the focus one at a time: arrow keys walk it, Enter acts, headings sort, and
 * long tables come in pages. What the cells hold is the subclass's.
 */
export abstract class RowGrid extends ViewElement {
  @state() protected focused = 0;
  @state() private most = PAGE;

  /** Rows there are, shown or not. */
  protected abstract get rowCount(): number;
  /** What Enter and a click do. */
  protected abstract activate(index: number): void;

  /** The first rows, as many as are drawn; the focus stays on one of them. */
  protected page<Row>(rows: readonly Row[]): readonly Row[] {
    const drawn = rows.slice(0, this.most);
    this.focused = Math.min(this.focused, Math.max(0, drawn.length - 1));
    return drawn;
  }

  /** For rows of another kind: back to the first of the first page. */
  protected startOver(): void {
    this.most = PAGE;
    this.focused = 0;
  }

  protected heading(
    { id, label, title, numeric, classes = '' }: SortHeading,
    sort: Sort,
    setSort: (sort: Sort) => void,
  ) {
    const sorted = ariaSort(sort, id);
    return html`<th
      scope="col"
      class="${numeric ? 'number' : ''} ${classes}"
      aria-sort=${sorted}
      title=${title}
    >
      <button @click=${() => setSort(nextSort(sort, id, numeric))}>
        ${label}${sortMark(sorted)}
      </button>
    </th>`;
  }

  /** How many rows are drawn, and the way to more; nothing where all are. */
  protected moreRows() {
    const left = this.rowCount - this.most;
    return left <= 0
      ? nothing
      : html`<div class="more">
          First ${formatCount(this.most)} of ${formatCount(this.rowCount)}.
          <button class="link" @click=${() => (this.most += PAGE)}>
            Show ${formatCount(Math.min(PAGE, left))} more
          </button>
        </div>`;
  }

  protected onKey(event: KeyboardEvent): void {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      // Buttons in a row have keys of their own.
      event.target instanceof HTMLButtonElement
    ) {
      return;
    }
    const action = rowAction(event.key, this.focused, Math.min(this.most, this.rowCount));
    if (action === undefined) {
      return;
    }
    event.preventDefault();
    if (action.type === 'activate') {
      this.activate(this.focused);
      return;
    }
    this.focused = action.row;
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>('tbody tr[tabindex="0"]')?.focus(),
    );
  }
}

function sortMark(sorted: ReturnType<typeof ariaSort>): string {
  switch (sorted) {
    case 'ascending':
      return ' ↑';
    case 'descending':
      return ' ↓';
    case 'none':
      return '';
  }
}
