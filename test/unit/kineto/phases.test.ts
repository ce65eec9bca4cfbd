import { describe, expect, it } from 'vitest';
import { kinetoReader } from '../../../src/formats/kineto/kinetoReader.js';
import { TraceOpenError, type Trace } from '../../../src/trace/index.js';
import { skippedRows, sourceOf, warningCodes } from './readFixture.js';

const KERNEL = { ph: 'X', cat: 'kernel', name: 'k', pid: 0, tid: 7, ts: 10, dur: 2 };
const ARROWS = 'begin/end pairs (B, E, b, e)';

async function read(...events: object[]): Promise<Trace> {
  const text = JSON.stringify({ schemaVersion: 1, traceEvents: events });
  return kinetoReader.read(sourceOf('phases.json', new TextEncoder().encode(text)), {});
}

/** An event of a phase, as complete as it can be. */
const of = (ph: string, more: object = {}): object => ({ ...KERNEL, ph, id: 5, ...more });

describe('phases of the Chrome trace format', () => {
  it.each([
    ['B', ARROWS],
    ['E', ARROWS],
    ['b', ARROWS],
    ['e', ARROWS],
    ['n', 'instant events (kernel)'],
    ['S', 'asynchronous events (S, T, p, F)'],
    ['T', 'asynchronous events (S, T, p, F)'],
    ['p', 'asynchronous events (S, T, p, F)'],
    ['F', 'asynchronous events (S, T, p, F)'],
    ['s', 'flow arrows (kernel)'],
    ['t', 'flow arrows (kernel)'],
    ['f', 'flow arrows (kernel)'],
    ['i', 'instant events (kernel)'],
    ['I', 'instant events (kernel)'],
    ['R', 'instant events (kernel)'],
    ['N', 'other phases'],
    ['O', 'other phases'],
    ['D', 'other phases'],
    ['P', 'other phases'],
    ['v', 'other phases'],
    ['c', 'other phases'],
    ['XX', 'other phases'],
  ])('%s is no event with a duration: left out as "%s"', async (ph, reason) => {
    const trace = await read(KERNEL, of(ph), of(ph));
    expect(trace.gpu.count).toBe(1);
    expect(trace.report.rowsInFile).toBe(3);
    expect(skippedRows(trace)).toEqual({ [reason]: 2 });
    // Left out for what they are, not for damage.
    expect(warningCodes(trace)).not.toContain('damaged-rows');
  });

  it('a pair of B and E is no kernel, whatever is between them', async () => {
    const trace = await read(KERNEL, of('B', { ts: 20 }), of('E', { ts: 90 }));
    expect(Array.from(trace.gpu.duration)).toEqual([2000]);
    expect(trace.spanNs).toBe(2000);
  });

  it('the same instant twice is two rows left out', async () => {
    const mark = of('i', { cat: 'mark', s: 't' });
    expect(skippedRows(await read(KERNEL, mark, mark))).toEqual({ 'instant events (mark)': 2 });
  });

  it('the same kernel twice is two calls: nothing says that one was not run', async () => {
    const trace = await read(KERNEL, KERNEL);
    expect(Array.from(trace.gpu.start)).toEqual([0, 0]);
    expect(trace.report.rowsRead).toBe(2);
  });

  it.each([
    ['dur', { ...KERNEL, dur: undefined }],
    ['ts', { ...KERNEL, ts: undefined }],
    ['name', { ...KERNEL, name: undefined }],
    ['a number as dur', { ...KERNEL, dur: 'long' }],
    ['null as dur', { ...KERNEL, dur: null }],
  ])('a complete event without %s cannot be read, and is counted', async (_, event) => {
    const trace = await read(KERNEL, event);
    expect(trace.gpu.count).toBe(1);
    expect(skippedRows(trace)).toEqual({
      'rows without a name, time or duration that can be read': 1,
    });
    expect(warningCodes(trace)).toContain('damaged-rows');
  });

  it('an event without a phase is damage', async () => {
    const trace = await read(KERNEL, { ...KERNEL, ph: undefined }, { ...KERNEL, ph: '' });
    expect(skippedRows(trace)).toEqual({ 'damaged rows': 2 });
    expect(warningCodes(trace)).toContain('damaged-rows');
  });

  it('a kernel that took no time is one', async () => {
    const trace = await read(KERNEL, { ...KERNEL, ts: 20, dur: 0 });
    expect(Array.from(trace.gpu.duration)).toEqual([2000, 0]);
  });

  it('names of processes and threads alone are no trace', async () => {
    const name = { ph: 'M', name: 'process_name', pid: 0, tid: 0, args: { name: 'python' } };
    await expect(read(name, name)).rejects.toThrow(TraceOpenError);
    await expect(read()).rejects.toThrow('This trace holds no events.');
  });
});
