import { GrowingColumn, type CollectiveColumns } from '../../trace/index.js';

/** Collects what the arguments of collective kernels say; few rows have them. */
export class CollectiveArguments {
  private readonly row = new GrowingColumn(Uint32Array, 64);
  private readonly group = new GrowingColumn(Uint32Array, 64);
  private readonly sent = new GrowingColumn(Float64Array, 64);
  private readonly received = new GrowingColumn(Float64Array, 64);

  /** @param row of the GPU events, in the order of the file */
  push(row: number, group: number, sent: number, received: number): void {
    this.row.push(row);
    this.group.push(group);
    this.sent.push(sent);
    this.received.push(received);
  }

  /**
   * @param order rows of the GPU events in time order
   * @returns undefined where no event has such arguments
   */
  build(order: Uint32Array): CollectiveColumns | undefined {
    const count = this.row.length;
    if (count === 0) {
      return undefined;
    }
    const position = new Uint32Array(order.length);
    order.forEach((row, i) => (position[row] = i));
    const entries = Uint32Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => position[this.row.get(a)] - position[this.row.get(b)],
    );
    return {
      count,
      gpu: Uint32Array.from(entries, (i) => position[this.row.get(i)]),
      group: this.group.ordered(entries),
      sent: this.sent.ordered(entries),
      received: this.received.ordered(entries),
    };
  }
}
