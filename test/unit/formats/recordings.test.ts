import { describe, expect, it } from 'vitest';
import { dutyCycle, dutyCycleSeries } from '../../../src/analysis/dutyCycle.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import { recordings } from '../../../src/formats/ranks/recordings.js';
import { recordedNs, type Trace } from '../../../src/trace/index.js';
import { readFixture } from '../kineto/readFixture.js';

const RANKS = ['two-ranks.rank0.pt.trace.json.gz', 'two-ranks.rank1.pt.trace.json.gz'];
const MINUTE = 60_000_000_000n;

/** A trace as it would be of a later recording, in a file of another name. */
function later(trace: Trace, ns: bigint, file: string): Trace {
  return {
    ...trace,
    clock: { ...trace.clock, originNs: trace.clock.originNs + ns },
    ranks: trace.ranks.map((rank) => ({ ...rank, path: file })),
    files: trace.files.map((own) => ({ ...own, path: file, name: file })),
  };
}

/** Two ranks, recorded twice a minute apart; with the same collectives, as steps of one kind have them. */
async function recordedTwice(): Promise<Trace[]> {
  const [rank0, rank1] = await Promise.all(RANKS.map(readFixture));
  return [
    later(rank0, 0n, 'TP-0-EXTEND'),
    later(rank0, MINUTE, 'TP-0-DECODE'),
    later(rank1, 0n, 'TP-1-EXTEND'),
    later(rank1, MINUTE, 'TP-1-DECODE'),
  ];
}

describe('a run that was recorded several times', () => {
  it('is told by files of one rank that do not overlap', async () => {
    expect(recordings(await recordedTwice())).toEqual([0, 1, 0, 1]);
  });

  it('is none where every rank has one file, or files of one rank overlap', async () => {
    const [a, b] = await Promise.all(RANKS.map(readFixture));
    expect(recordings([a, b])).toEqual([0, 0]);
    expect(recordings([a, b, later(a, 1000n, 'again'), later(b, MINUTE, 'late')])).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('is told by the process where files state no rank', async () => {
    const [trace] = await recordedTwice();
    const unnumbered = { ...trace, ranks: trace.ranks.map((rank) => ({ ...rank, rank: -1 })) };
    expect(recordings([unnumbered, later(unnumbered, MINUTE, 'second cycle')])).toEqual([0, 1]);
    const lanes = trace.lanes.map((lane) => ({ ...lane, process: `${lane.process}1` }));
    expect(recordings([unnumbered, later({ ...unnumbered, lanes }, MINUTE, 'other')])).toEqual([
      0, 0,
    ]);
  });

  it('leaves a file that overlaps no other to itself', async () => {
    const traces = await recordedTwice();
    expect(recordings([...traces.slice(0, 3), later(traces[2], 60n * MINUTE, 'alone')])).toEqual([
      0, 1, 0, 2,
    ]);
  });

  it('keeps the times of its files, and compares the clocks of ranks in each', async () => {
    const apart = mergeRanks(await Promise.all(RANKS.map(readFixture)));
    const twice = mergeRanks(await recordedTwice());
    expect(twice.spanNs).toBe(apart.spanNs + Number(MINUTE));
    expect(twice.gpu.count).toBe(2 * apart.gpu.count);
    expect(twice.ranks.map(({ label, clock }) => [label, clock?.shiftNs, clock?.against])).toEqual([
      ['rank 0 (TP-0-EXTEND)', 0, ''],
      ['rank 0 (TP-0-DECODE)', 0, ''],
      ['rank 1 (TP-1-EXTEND)', 0, 'rank 0 (TP-0-EXTEND)'],
      ['rank 1 (TP-1-DECODE)', 0, 'rank 0 (TP-0-DECODE)'],
    ]);
    expect(twice.report.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['repeated-recording']),
    );
    expect(twice.report.warnings.map(({ code }) => code)).not.toContain('duplicate-rank');
  });

  it('has the duty cycle of the time in which it was recorded', async () => {
    const [rank0, rank1] = await Promise.all(RANKS.map(readFixture));
    const twice = mergeRanks(await recordedTwice());
    const busyNs = [rank0, rank1].map((rank) => (dutyCycle(rank) ?? NaN) * rank.spanNs);
    const recorded = rank0.spanNs + rank1.spanNs;
    expect(dutyCycle(twice)).toBeCloseTo((busyNs[0] + busyNs[1]) / recorded, 9);
    expect(dutyCycle(twice, { startNs: 1e9, endNs: 59e9 })).toBeNull();
    expect(recordedNs(twice)).toBeLessThan(recorded + 1e9);
    // A second in which nothing was recorded is no second of an idle GPU.
    const { samples } = dutyCycleSeries(twice);
    expect(samples.length).toBe(2);
    expect(Math.min(...samples)).toBeGreaterThan(0);
  });
});
