/** What a key does in a table whose rows take the focus. */
export type RowAction =
  { readonly type: 'focus'; readonly row: number } | { readonly type: 'activate' };

/**
 * Arrow keys, Home, End, Page Up and Page Down move the focus; Enter and Space act on the row.
 *
 * @param row index of the focused row
 * @param page rows a page has
 */
export function rowAction(
  key: string,
  row: number,
  rowCount: number,
  page = 10,
): RowAction | undefined {
  const to = (target: number): RowAction => ({
    type: 'focus',
    row: Math.min(rowCount - 1, Math.max(0, target)),
  });
  switch (key) {
    case 'ArrowDown':
      return to(row + 1);
    case 'ArrowUp':
      return to(row - 1);
    case 'PageDown':
      return to(row + page);
    case 'PageUp':
      return to(row - page);
    case 'Home':
      return to(0);
    case 'End':
      return to(rowCount - 1);
    case 'Enter':
    case ' ':
      return { type: 'activate' };
    default:
      return undefined;
  }
}
