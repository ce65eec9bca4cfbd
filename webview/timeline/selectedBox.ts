import type { TileSet } from '../../src/analysis/results.js';
import type { SelectedCall, SelectedSpan, Selection } from '../state.js';
import { valueOf } from './describeBox.js';
import { boxOfCall, isOwnCall } from './ownCall.js';
import type { Prepared } from './scene.js';

/** A selection that has a place in time and a box. */
export type SelectedBox = SelectedCall | SelectedSpan;

/** The selection where it is a box of the timeline; markers have none. */
export function selectedBox(selection: Selection | null): SelectedBox | undefined {
  return selection === null || selection.kind === 'marker' ? undefined : selection;
}

/** The box that was chosen: of a call reached by its launch, the box of the launch. */
export function chosenBox(selection: Selection | null): SelectedBox | undefined {
  const selected = selectedBox(selection);
  return selected?.kind === 'call' ? (selected.launch ?? selected) : selected;
}

/** What choosing a box selects: its call, the call it launched first, or the span it is. */
export function selectionOf(tiles: TileSet, box: number): SelectedBox {
  const call = tiles.call[box];
  const merged = tiles.calls[box];
  const startNs = tiles.start[box];
  const durationNs = tiles.duration[box];
  if (isOwnCall(tiles, box)) {
    return { kind: 'call', call, startNs, durationNs, merged };
  }
  const row = tiles.rows[tiles.row[box]];
  const value = valueOf(tiles, box);
  const span: SelectedSpan = {
    kind: 'span',
    text: tiles.texts[tiles.text[box]],
    level: row.level,
    group: row.group,
    startNs,
    durationNs,
    typeCode: tiles.type[box],
    ...(value === undefined ? {} : { value }),
  };
  if (call < 0) {
    return span;
  }
  // Where the tiles do not hold the launched call, its time comes with its details.
  const own = boxOfCall(tiles, call);
  return own < 0
    ? { kind: 'call', call, startNs, durationNs, merged, launch: span }
    : {
        kind: 'call',
        call,
        startNs: tiles.start[own],
        durationNs: tiles.duration[own],
        merged,
        launch: span,
      };
}

/** The row a selection is drawn in; -1 where its box is merged into another. */
export function rowOfSelection({ tiles, index }: Prepared, selection: SelectedBox): number {
  const isSelected = (box: number) =>
    selection.kind === 'call'
      ? tiles.call[box] === selection.call && isOwnCall(tiles, box)
      : tiles.start[box] === selection.startNs &&
        tiles.texts[tiles.text[box]] === selection.text &&
        tiles.rows[tiles.row[box]].group === selection.group;
  for (let row = 0; row < tiles.rows.length; row++) {
    const { from, to } = index.overlapping(
      row,
      selection.startNs,
      selection.startNs + Math.max(1, selection.durationNs),
    );
    for (let i = from; i < to; i++) {
      if (isSelected(index.order[i])) {
        return row;
      }
    }
  }
  return -1;
}
