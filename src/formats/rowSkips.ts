import type { TraceReport, Warning } from '../trace/index.js';

/** What several accounts of rows left out say together, the most rows first. */
export function skippedTogether(
  accounts: readonly TraceReport['skipped'][],
): TraceReport['skipped'] {
  const sums = new RowSkips();
  for (const { reason, rows } of accounts.flat()) {
    sums.add(reason, rows);
  }
  return [...sums.list()].sort((a, b) => b.rows - a.rows);
}

/** Counts rows that cannot become events, by reason. */
export class RowSkips {
  private readonly reasons = new Map<string, number>();

  add(reason: string, rows = 1): void {
    if (rows > 0) {
      this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + rows);
    }
  }

  get rows(): number {
    return [...this.reasons.values()].reduce((sum, rows) => sum + rows, 0);
  }

  list(): TraceReport['skipped'] {
    return [...this.reasons].map(([reason, rows]) => ({ reason, rows }));
  }

  /** One sentence for people; none where nothing was left out. */
  warnings(): Warning[] {
    const { rows } = this;
    if (rows === 0) {
      return [];
    }
    const reasons = [...this.reasons].map(([reason, n]) => `${reason} (${n})`).join(', ');
    return [
      {
        code: 'damaged-rows',
        message: `${rows} event ${rows === 1 ? 'row was' : 'rows were'} left out: ${reasons}.`,
        rows,
      },
    ];
  }
}
