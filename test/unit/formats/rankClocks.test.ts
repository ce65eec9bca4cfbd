import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { callAt } from '../../../src/analysis/callAt.js';
import { fileMicros } from '../../../src/analysis/fileTime.js';
import { mergeRanks } from '../../../src/formats/mergeRanks.js';
import type { RankClock, Trace } from '../../../src/trace/index.js';
import { readFixture, readText } from '../kineto/readFixture.js';

const SAMPLES = [0, 1].map((rank) =>
  gunzipSync(readFileSync(`samples/nemotron_h_ep2.rank${rank}.pt.trace.json.gz`)).toString('utf8'),
);

/** A recording whose clock was ahead by `us` when it was made: every time of it is. */
function ahead(text: string, us: number): string {
  return text.replace(/"ts":\s*(\d+)(\.\d+)?/g, (_, whole: string, rest = '') => {
    const moved = BigInt(whole) + BigInt(us);
    return `"ts": ${moved}${rest}`;
  });
}

const clockOf = (trace: Trace, rank = 1): RankClock => {
  const clock = trace.ranks[rank].clock;
  if (clock === undefined) {
    throw new Error('the rank has no clock');
  }
  return clock;
};

let ranks: Trace[];
let apart: number;
beforeAll(async () => {
  ranks = await Promise.all(SAMPLES.map((text, i) => readText(text, `rank${i}.json`)));
  apart = clockOf(mergeRanks(ranks)).skewNs ?? NaN;
});

describe('the clocks of two ranks of a real run on one host', () => {
  it('agree within a microsecond, and nothing is moved', () => {
    const merged = mergeRanks(ranks);
    const { skewNs, spreadNs, matches, shiftNs, note } = clockOf(merged);
    expect(Math.abs(skewNs ?? NaN)).toBeLessThan(1_000);
    expect(spreadNs).toBeLessThan(1_000);
    expect(matches).toBeGreaterThanOrEqual(90);
    expect(shiftNs).toBe(0);
    expect(note).toContain('ahead of that of rank 0');
    expect(note).toContain('Its times are as in the file.');
    expect(clockOf(merged, 0)).toMatchObject({ against: '', shiftNs: 0 });
  });

  // 3.2 ms is what two hosts without a common time source differ by after an hour.
  it.each([3_200, -3_200, 250, -17_000_000])('found again when one was %i µs ahead', async (us) => {
    const moved = await readText(ahead(SAMPLES[1], us), 'rank1.json');
    const merged = mergeRanks([ranks[0], moved]);
    const { skewNs, spreadNs, shiftNs, note } = clockOf(merged);
    expect(Math.abs((skewNs ?? NaN) - apart - us * 1000)).toBeLessThanOrEqual(spreadNs ?? 0);
    expect(shiftNs).toBe(-(skewNs ?? NaN));
    expect(note).toMatch(us > 0 ? /Taken off its times/ : /Added to its times/);
    // On one clock again: as before, but for the skew the hosts had and the recordings keep.
    const before = mergeRanks(ranks);
    const starts = (trace: Trace, rank: number): number[] =>
      [...trace.gpu.start].filter((_, i) => trace.lanes[trace.gpu.lane[i]].rank === rank);
    const shiftOf = (rank: number): number[] => {
      const was = starts(before, rank);
      return starts(merged, rank).map((start, i) => start - was[i]);
    };
    const [first] = shiftOf(0);
    expect(shiftOf(0).every((d) => d === first)).toBe(true);
    expect(shiftOf(1).every((d) => Math.abs(d - first + apart) <= 1)).toBe(true);
  });

  it('stays as stated where it is off by less than can be proved', async () => {
    const moved = await readText(ahead(SAMPLES[1], 30), 'rank1.json');
    const { skewNs, shiftNs } = clockOf(mergeRanks([ranks[0], moved]));
    expect(skewNs).toBeCloseTo(30_000 + apart, -1);
    expect(shiftNs).toBe(0);
  });

  it('is found by session clocks too, and where one recording began later', async () => {
    const session = (trace: Trace, originNs: bigint): Trace => ({
      ...trace,
      clock: { originNs, epoch: 'session', fileBaseNs: 0n },
    });
    const [a, b] = ranks;
    const distance = b.clock.originNs - a.clock.originNs;
    const late = without(b, 60);
    const merged = mergeRanks([
      session(a, 50_000_000_000n),
      session(late, 50_000_000_000n + distance - 17_000_000_000n),
    ]);
    expect(clockOf(merged).skewNs).toBeCloseTo(apart - 17e9, -3);
    expect(merged.report.warnings.map(({ code }) => code)).not.toContain('session-clocks');
  });

  it('gives every time back as its own file states it', async () => {
    const us = 3_200;
    const moved = await readText(ahead(SAMPLES[1], us), 'rank1.json');
    const merged = mergeRanks([ranks[0], moved]);
    for (const [rank, part] of [ranks[0], moved].entries()) {
      const own = [...merged.gpu.start.keys()].filter(
        (i) => merged.lanes[merged.gpu.lane[i]].rank === rank,
      );
      const stated = own.map((i) => fileMicros(merged, merged.gpu.start[i], rank));
      expect(stated).toEqual(Array.from(part.gpu.start, (start) => fileMicros(part, start, 0)));
      const call = own[1234];
      expect(callAt(merged, fileMicros(merged, merged.gpu.start[call], rank)).call).toBe(call);
    }
  });

  it('says by how much a clock drifts', () => {
    const [a, b] = ranks;
    // 100 ppm, as a bad oscillator: 1 s of recording ends 100 µs late.
    const start = b.gpu.start.map((ns) => ns * 1.0001);
    const drifting = { ...b, gpu: { ...b.gpu, start } };
    expect(clockOf(mergeRanks([a, drifting])).note).toMatch(/It drifts: by \d+(\.\d)? µs/);
  });
});

describe('clocks that cannot be told', () => {
  it('too few collectives: the number is said, the times stay', async () => {
    const fixtures = ['two-ranks.rank0.pt.trace.json.gz', 'two-ranks.rank1.pt.trace.json.gz'];
    const { skewNs, shiftNs, note } = clockOf(
      mergeRanks(await Promise.all(fixtures.map(readFixture))),
    );
    expect([skewNs, shiftNs]).toEqual([null, 0]);
    expect(note).toBe(
      'How far the clock of rank 1 is from that of rank 0 cannot be told: only 3 collectives match, and 20 are needed.',
    );
  });

  it('other work: two runs laid over one another do not end together', () => {
    const [a, b] = ranks;
    // Ends that have nothing to do with the other rank's, with the same names and number.
    let seed = 7;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const start = b.gpu.start.map(() => random() * 1e9).sort();
    const { skewNs, note } = clockOf(mergeRanks([a, { ...b, gpu: { ...b.gpu, start } }]));
    expect(skewNs).toBeNull();
    expect(note).toContain('cannot be told');
  });

  it('collectives at even distances: which belong together is anyone’s guess', async () => {
    const { note } = clockOf(mergeRanks([await metronome(0), await metronome(1)]));
    expect(note).toContain('in several ways that fit equally well');
  });

  it.each(['send', 'broadcast'])('%s proves nothing: one side may be done early', async (name) => {
    const { note } = clockOf(mergeRanks([await metronome(0, name), await metronome(1, name)]));
    expect(note).toContain('there are no collectives to compare');
  });
});

describe('ranks without a collective in common', () => {
  it('are compared by way of one that has some with both', async () => {
    // Ranks 0 and 1 share a group, 1 and 2 another one; 1 and 2 are on a host that is 5 ms ahead.
    const merged = mergeRanks([
      await irregular(0, { groups: ['a'] }),
      await irregular(1, { groups: ['a', 'b'], aheadUs: 5_000 }),
      await irregular(2, { groups: ['b'], aheadUs: 5_003 }),
    ]);
    expect([1, 2].map((rank) => clockOf(merged, rank))).toMatchObject([
      { against: 'rank 0', skewNs: 5_000_000, shiftNs: -5_000_000 },
      { against: 'rank 1', skewNs: 5_003_000, shiftNs: -5_003_000 },
    ]);
    expect(clockOf(merged, 2).note).toContain('3 µs ahead of that of rank 1');
  });

  it('and none that has: each says so', async () => {
    const merged = mergeRanks([
      await irregular(0, { groups: ['a'] }),
      await irregular(1, { groups: ['b'] }),
    ]);
    expect(clockOf(merged).note).toContain('they take part in no common collective');
  });
});

describe('a skew that contradicts nothing', () => {
  it('is said and left: every rank waited longer than it', async () => {
    const [a, b] = [
      await irregular(0, { groups: ['a'], durationUs: 900 }),
      await irregular(1, { groups: ['a'], durationUs: 900, aheadUs: 400 }),
    ];
    expect(clockOf(mergeRanks([a, b]))).toMatchObject({ skewNs: 400_000, shiftNs: 0 });
    const short = await irregular(1, { groups: ['a'], durationUs: 30, aheadUs: 400 });
    const [one, other] = [await irregular(0, { groups: ['a'], durationUs: 30 }), short];
    expect(clockOf(mergeRanks([one, other]))).toMatchObject({ skewNs: 400_000, shiftNs: -400_000 });
  });
});

/** Collectives at uneven distances that end at once on all ranks, one group after the other. */
function irregular(
  rank: number,
  {
    groups,
    aheadUs = 0,
    durationUs = 50,
  }: { groups: readonly string[]; aheadUs?: number; durationUs?: number },
): Promise<Trace> {
  const events = groups.flatMap((group) =>
    Array.from({ length: 60 }, (_, i) => {
      const end = 10_000 + i * 2_000 + ((i * i * 37 + group.charCodeAt(0) * 101) % 997);
      return JSON.stringify({
        ph: 'X',
        cat: 'kernel',
        name: 'ncclDevKernel_AllReduce_Sum',
        pid: rank,
        tid: 7,
        ts: end - durationUs + aheadUs,
        dur: durationUs,
        args: { 'Collective name': 'allreduce', 'Process Group Name': group },
      });
    }),
  );
  return readText(
    `{"schemaVersion":1,"baseTimeNanoseconds":1000000000,"distributedInfo":{"rank":${rank},"world_size":3},"traceEvents":[${events.join(',')}]}`,
  );
}

/** Fifty collectives, one a millisecond. */
function metronome(rank: number, name = 'allreduce'): Promise<Trace> {
  const events = Array.from({ length: 50 }, (_, i) =>
    JSON.stringify({
      ph: 'X',
      cat: 'kernel',
      name: 'ncclDevKernel_Something',
      pid: rank,
      tid: 7,
      ts: 1000 + i * 1000,
      dur: 50,
      args: { 'Collective name': name },
    }),
  );
  return readText(
    `{"schemaVersion":1,"baseTimeNanoseconds":1000000000,"distributedInfo":{"rank":${rank},"world_size":2},"traceEvents":[${events.join(',')}]}`,
  );
}

/** A trace without its first `count` collectives, as a recording that began later. */
function without(trace: Trace, count: number): Trace {
  let seen = 0;
  const collective = trace.gpu.collective.map((id) => (id !== 0 && seen++ < count ? 0 : id));
  const left = [...trace.gpu.collective].flatMap((id, i) =>
    id !== 0 && collective[i] === 0 ? [i] : [],
  );
  // Renamed, so that neither name says what they are.
  const name = trace.gpu.name.map((id, i) => (left.includes(i) ? trace.names.intern('gone') : id));
  return { ...trace, gpu: { ...trace.gpu, collective, name } };
}
