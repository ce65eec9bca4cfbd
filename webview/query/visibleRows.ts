/** Rows kept above and below those in sight, so that a flick of the wheel shows no gap. */
const OVERSCAN = 12;

/** Rows to have in the page: from (inclusive) to (exclusive). */
export function visibleRows(
  scrollTop: number,
  height: number,
  rowHeight: number,
  rowCount: number,
): { from: number; to: number } {
  const first = Math.floor(scrollTop / rowHeight);
  const from = Math.min(Math.max(0, first - OVERSCAN), Math.max(0, rowCount - 1));
  const to = Math.min(rowCount, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { from: rowCount === 0 ? 0 : from, to: Math.max(to, Math.min(rowCount, from + 1)) };
}
