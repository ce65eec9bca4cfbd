import type { Recording } from './recording.js';

/** The calls by the number that they and the GPU work they started share. Numbers repeat between processes. */
export class CallNumbers {
  private readonly byProcess = new Map<string, Map<number, number>>();
  /** by row of the calls */
  private readonly names: string[] = [];

  /**
   * Notes the next call. Where calls share a number, the one that launches, else the one that copies,
   * stands for it.
   * @param number 0 = none
   */
  add(recording: Recording, process: number, number: number, name: string): void {
    const row = this.names.push(name) - 1;
    if (number <= 0) {
      return;
    }
    const key = keyOf(recording, process);
    const calls = this.byProcess.get(key) ?? new Map<number, number>();
    this.byProcess.set(key, calls);
    const other = calls.get(number);
    if (other === undefined || strength(name) > strength(this.names[other])) {
      calls.set(number, row);
    }
  }

  /** Row of the call with the first of the numbers that a call has; -1 = none. */
  find(recording: Recording, process: number, ...numbers: number[]): number {
    const calls = this.byProcess.get(keyOf(recording, process));
    for (const number of numbers) {
      const row = calls?.get(number);
      if (row !== undefined) {
        return row;
      }
    }
    return -1;
  }
}

function keyOf(recording: Recording, process: number): string {
  return `${recording.number}\0${process}`;
}

function strength(name: string): number {
  return /Launch/i.test(name) ? 2 : /Mem(cpy|set)/i.test(name) ? 1 : 0;
}
