import { html } from 'lit';
import { formatCountOf, formatShare } from '../../src/analysis/format.js';
import { visibleText } from '../../src/analysis/visibleText.js';
import type { LaidOutGroup } from './layout.js';

/** The heading of a lane: it folds and unfolds the rows. `placeHeadings` puts it in place. */
export function groupHeading(group: LaidOutGroup, toggle: () => void) {
  return html`<button
    class="heading"
    aria-expanded=${!group.folded}
    data-y=${group.y}
    @click=${toggle}
  >
    <span class="twistie" aria-hidden="true">${group.folded ? '▸' : '▾'}</span>
    <span class="label">${visibleText(group.name)}</span>
    <span class="faint figure">${headingNote(group)}</span>
  </button>`;
}

/** Heights are set from here: the content security policy forbids style attributes in markup. */
export function placeHeadings(headings: Iterable<HTMLElement>): void {
  for (const heading of headings) {
    heading.style.top = `${heading.dataset['y']}px`;
  }
}

/** "busy 92 %", and how many rows a fold hides. */
export function headingNote({
  busy,
  folded,
  rowCount,
  counters,
}: Pick<LaidOutGroup, 'busy' | 'folded' | 'rowCount' | 'counters'>): string {
  const share = busy === null ? '' : `busy ${formatShare(busy)}`;
  const rows = folded ? formatCountOf(rowCount, counters ? 'curve' : 'row') : '';
  return [share, rows].filter((part) => part !== '').join(', ');
}
