import { expect, it } from 'vitest';
import { timelineRows } from '../../src/analysis/timelineRows.js';
import { attribute } from '../../src/layers/attribute.js';
import { openFile } from '../unit/formats/reading.js';

/** Recordings in which kernels of one stream run at the same time, and how many begin before another ends. */
const FILES: readonly [file: string, overlapping: number][] = [
  ['h200/nemotron_h.stack.pt.trace.json.gz', 81],
  ['h200/nemotron_h_ep2.rank1.stack.pt.trace.json.gz', 165],
  ['public/kineto/tl_b200_eager.json.gz', 74],
  ['public/rpd/rpd_raptor_mytrace.rpd', 96],
];

it.each(FILES)(
  '%s: overlapping kernels take further rows, and none is left out',
  async (file, overlapping) => {
    const trace = await openFile(`../shared/traces/${file}`);
    const { gpu } = trace;
    const ends = new Float64Array(trace.lanes.length);
    let found = 0;
    for (let i = 0; i < gpu.count; i++) {
      found += gpu.start[i] < ends[gpu.lane[i]] ? 1 : 0;
      ends[gpu.lane[i]] = Math.max(ends[gpu.lane[i]], gpu.start[i] + gpu.duration[i]);
    }
    expect(found).toBe(overlapping);

    const rows = timelineRows(trace, attribute(trace)).filter(({ row }) => row.level === 'kernel');
    const shown = new Uint8Array(gpu.count);
    for (const { boxes } of rows) {
      for (let box = 0; box < boxes.count; box++) {
        shown[boxes.tableRow(box)]++;
        if (box > 0) {
          const before = boxes.startOf(box - 1) + boxes.durationOf(box - 1);
          expect(boxes.startOf(box)).toBeGreaterThanOrEqual(before);
        }
      }
    }
    expect(shown.every((times) => times === 1)).toBe(true);
    const streams = new Set(gpu.lane).size;
    expect(rows.length).toBeGreaterThan(streams);
  },
);
