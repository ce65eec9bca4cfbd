import type { TileSet } from '../../src/analysis/results.js';
import type { SelectedCall, SelectedSpan, Selection } from '../state.js';
import type { Prepared } from './scene.js';

/** A selection that has a place in time and a box. */
export type SelectedBox = SelectedCall | SelectedSpan;

/** The selection where it is a box of the timeline; markers have none. */
export function selectedBox(selection: Selection | null): SelectedBox | undefined {
  return selection === null || selection.kind === 'marker' ? undefined : selection;
}

/** What choosing a box selects: its call, or the span it is. */
export function selectionOf(tiles: TileSet, box: number): SelectedBox {
  const row = tiles.rows[tiles.row[box]];
  const startNs = tiles.start[box];
  const durationNs = tiles.duration[box];
  return tiles.call[box] >= 0
    ? { kind: 'call', call: tiles.call[box], startNs, durationNs, merged: tiles.calls[box] }
    : {
        kind: 'span',
        text: tiles.texts[tiles.text[box]],
        level: row.level,
        group: row.group,
        startNs,
        durationNs,
        typeCode: tiles.type[box],
      };
}

/** The row a selection is drawn in; -1 where its box is merged into another. */
export function rowOfSelection({ tiles, index }: Prepared, selection: SelectedBox): number {
  const isSelected = (box: number) =>
    selection.kind === 'call'
      ? tiles.call[box] === selection.call
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
