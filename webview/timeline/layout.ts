import { API_CALL, COUNTER } from '../../src/analysis/results.js';
import type { TimelineRow } from '../../src/analysis/results.js';

export const ROW_HEIGHT = 18;
export const HEADING_HEIGHT = 22;
/** px of a counter's row: a curve needs more height than a box */
export const CURVE_HEIGHT = 36;
/** Curves that stand open at first: of more, there may be hundreds, above everything that launches. */
const MOST_OPEN_CURVES = 6;

/** How near the top a lane with such a row stands: what is measured, then counters, then what launched it. */
const STANDING: Readonly<Record<string, number>> = {
  kernel: 0,
  call: 1,
  [COUNTER]: 2,
  [API_CALL]: 3,
};
const LAST = 4;

export interface LaidOutRow {
  /** index in the tile set's rows */
  readonly row: number;
  /** px from the top of the content */
  readonly y: number;
  /** px */
  readonly height: number;
}

/** A lane: its heading and, unless folded, its rows below. */
export interface LaidOutGroup {
  readonly name: string;
  readonly y: number;
  readonly folded: boolean;
  readonly rows: readonly LaidOutRow[];
  /** rows it has, folded or not */
  readonly rowCount: number;
  /** whether its rows are curves of counters */
  readonly counters: boolean;
  /** greatest share of the span one of its rows is busy; null where no row says */
  readonly busy: number | null;
}

export interface Layout {
  readonly groups: readonly LaidOutGroup[];
  /** px */
  readonly height: number;
}

/**
 * The groups that are folded: as it was chosen by hand; else those of counters, where there are many and
 * other rows beside them.
 *
 * @param chosen by group, whether it was folded or opened
 */
export function foldedGroups(
  rows: readonly TimelineRow[],
  chosen: ReadonlyMap<string, boolean>,
): ReadonlySet<string> {
  const curves = rows.filter(({ level }) => level === COUNTER);
  const foldsCurves = curves.length > MOST_OPEN_CURVES && curves.length < rows.length;
  const atFirst = new Set(foldsCurves ? curves.map(({ group }) => group) : []);
  return new Set(
    rows.map(({ group }) => group).filter((group) => chosen.get(group) ?? atFirst.has(group)),
  );
}

/**
 * Places rows under the heading of their group: lanes with what is measured first (kernels, or API calls
 * where the trace has nothing else), then counters, then lanes with API calls, then the rest; otherwise in the order the engine gives them.
 */
export function layOut(rows: readonly TimelineRow[], folded: ReadonlySet<string>): Layout {
  const byGroup = new Map<string, number[]>();
  rows.forEach((row, index) => {
    const members = byGroup.get(row.group);
    if (members === undefined) {
      byGroup.set(row.group, [index]);
    } else {
      members.push(index);
    }
  });
  const groups: LaidOutGroup[] = [];
  let y = 0;
  const standing = (members: readonly number[]) =>
    Math.min(...members.map((i) => STANDING[rows[i].level] ?? LAST));
  const inOrder = [...byGroup].sort(([, a], [, b]) => standing(a) - standing(b));
  for (const [name, members] of inOrder) {
    const isFolded = folded.has(name);
    const shares = members.map((i) => rows[i].busy).filter((share) => share !== null);
    const top = y;
    y += HEADING_HEIGHT;
    const placed: LaidOutRow[] = [];
    for (const row of isFolded ? [] : members) {
      const height = rows[row].level === COUNTER ? CURVE_HEIGHT : ROW_HEIGHT;
      placed.push({ row, y, height });
      y += height;
    }
    groups.push({
      name,
      y: top,
      folded: isFolded,
      rows: placed,
      rowCount: members.length,
      counters: rows[members[0]].level === COUNTER,
      busy: shares.length === 0 ? null : Math.max(...shares),
    });
  }
  return { groups, height: y };
}

/** The row under a height of the content, or undefined over a heading or below all. */
export function rowAt(layout: Layout, y: number): LaidOutRow | undefined {
  for (const group of layout.groups) {
    for (const row of group.rows) {
      if (y >= row.y && y < row.y + row.height) {
        return row;
      }
    }
  }
  return undefined;
}

/**
 * The least scrolling that brings a row into view, with as much of a heading above it as there is room for.
 * @param height px of the view
 * @returns px that the content is scrolled up; `scrollTop` where the row is in view or folded away
 */
export function scrolledTo(layout: Layout, row: number, scrollTop: number, height: number): number {
  const placed = layout.groups.flatMap((group) => group.rows).find((shown) => shown.row === row);
  if (placed === undefined) {
    return scrollTop;
  }
  const room = Math.max(0, height - placed.height);
  const top = placed.y - Math.min(HEADING_HEIGHT, room);
  const bottom = placed.y + placed.height;
  return Math.min(top, Math.max(scrollTop, bottom - height));
}

/** The next shown row above (-1) or below (+1) one; the row itself at the edge. */
export function neighbourRow(layout: Layout, row: number, direction: 1 | -1): number {
  const shown = layout.groups.flatMap((group) => group.rows.map((placed) => placed.row));
  const at = shown.indexOf(row);
  return at < 0 ? (shown[0] ?? row) : (shown[at + direction] ?? row);
}

/** Whether two tile sets speak of the same rows, so that one may be drawn beside the other. */
export function sameRows(a: readonly TimelineRow[], b: readonly TimelineRow[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, i) => {
      const other = b[i];
      return row.group === other.group && row.level === other.level && row.label === other.label;
    })
  );
}
