import type { Selection, Viewport } from '../state.js';
import { neighbourRow } from './layout.js';
import type { Layout } from './layout.js';
import { isOwnCall } from './ownCall.js';
import type { Prepared } from './scene.js';
import { chosenBox, rowOfSelection } from './selectedBox.js';

/** What the keyboard walks through: the boxes that are drawn, and where it stands among them. */
export interface Walk {
  readonly ready: Prepared;
  readonly layout: Layout;
  readonly viewport: Viewport;
  readonly selection: Selection | null;
}

/**
 * The box before (-1) or after (+1) the selection in its row; where nothing is selected, the last or
 * first in view; -1 = none.
 */
export function nextBox(walk: Walk, direction: 1 | -1): number {
  const cursor = keyboardAt(walk);
  return cursor === undefined
    ? firstBox(walk, direction)
    : walk.ready.index.step(cursor.row, cursor.ns, direction);
}

/**
 * The box nearest to the selection in the next row above (-1) or below (+1) that has one near;
 * -1 = none.
 */
export function nextRowBox(walk: Walk, direction: 1 | -1): number {
  const { ready, layout, viewport } = walk;
  const cursor = keyboardAt(walk);
  if (cursor === undefined) {
    return firstBox(walk, 1);
  }
  const width = viewport.endNs - viewport.startNs;
  // Rows without a box near are passed over, until the last one.
  for (let row = cursor.row; ;) {
    const next = neighbourRow(layout, row, direction);
    if (next === row) {
      return -1;
    }
    row = next;
    const box = ready.index.at(row, cursor.ns, width);
    if (box >= 0) {
      return box;
    }
  }
}

/** Where the keyboard is: at the box chosen, if that is drawn and near; else nowhere yet. */
function keyboardAt({ ready, viewport, selection }: Walk): { row: number; ns: number } | undefined {
  const selected = chosenBox(selection);
  if (selected === undefined) {
    return undefined;
  }
  const row = rowOfSelection(ready, selected);
  const width = viewport.endNs - viewport.startNs;
  const near =
    selected.startNs < viewport.endNs + width &&
    selected.startNs + selected.durationNs > viewport.startNs - width;
  return row >= 0 && near ? { row, ns: selected.startNs } : undefined;
}

/** The first (or last) box in view, of a row of calls where there is one; -1 = none. */
function firstBox({ ready, layout, viewport }: Walk, direction: 1 | -1): number {
  const { tiles, index } = ready;
  let fallback = -1;
  for (const { row } of layout.groups.flatMap((group) => group.rows)) {
    const { from, to } = index.overlapping(row, viewport.startNs, viewport.endNs);
    if (to > from) {
      const box = index.order[direction === 1 ? from : to - 1];
      if (isOwnCall(tiles, box)) {
        return box;
      }
      fallback = fallback < 0 ? box : fallback;
    }
  }
  return fallback;
}
