import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { mergeRanks } from '../../src/formats/mergeRanks.js';
import { nodeFileSource } from '../../src/formats/nodeFileSource.js';
import { openRun } from '../../src/formats/openTrace.js';
import type { RankChoice } from '../../src/formats/ranks/rankChoice.js';
import type { Trace } from '../../src/trace/index.js';
import { folderState, openFile, plainSql, readers, sum } from '../unit/formats/reading.js';

const TRACES = '../shared/traces';
const H200 = [0, 1].map(
  (rank) => `${TRACES}/h200/nemotron_h_ep2.rank${rank}.stack.pt.trace.json.gz`,
);
const NODES = [1, 2, 3].map((node) => `${TRACES}/ingero/sample-gpu-node-0${node}.db`);
const DLRM = `${TRACES}/public/kineto/param_dlrm_kineto.tar.gz`;

const open = async (files: readonly string[], choice: RankChoice = { kind: 'few' }) =>
  openRun(
    files.map((file) => ({
      path: file,
      name: path.basename(file),
      named: true,
      open: () => nodeFileSource(file),
    })),
    await readers(),
    choice,
  );

interface Event {
  readonly cat?: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Ends of the collectives of even size, ns of the file, straight from its JSON. */
function evenEnds(file: string): number[] {
  const { traceEvents } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as {
    traceEvents: readonly Event[];
  };
  return traceEvents
    .filter(({ cat, args }) => cat === 'kernel' && args?.['Collective name'] !== undefined)
    .sort((a, b) => a.ts - b.ts)
    .map(({ ts, dur, args }) => {
      const even = args?.['In msg nelems'] === args?.['Out msg nelems'];
      return (ts + dur) * 1000 * (even ? 1 : NaN);
    });
}

describe('two GPUs of one host', () => {
  let traces: Trace[];
  beforeAll(async () => {
    traces = await Promise.all(H200.map(openFile));
  });

  it('have clocks that agree, as plain arithmetic over the files says', () => {
    const [a, b] = H200.map(evenEnds);
    const differences = a.map((end, i) => b[i] - end).filter((d) => !Number.isNaN(d));
    const middle = [...differences].sort((x, y) => x - y)[differences.length >> 1];
    const { clock } = mergeRanks(traces).ranks[1];
    expect(Math.abs((clock?.skewNs ?? NaN) - middle)).toBeLessThan(200);
    expect(clock?.shiftNs).toBe(0);
    expect(clock?.matches).toBeGreaterThanOrEqual(90);
  });

  it.each([3_200_000n, -17_000_000_000n])('are set right when one was %i ns ahead', (ns) => {
    const [a, b] = traces;
    const stated = mergeRanks(traces).ranks[1].clock?.skewNs ?? NaN;
    const moved = { ...b, clock: { ...b.clock, originNs: b.clock.originNs + ns } };
    const { clock } = mergeRanks([a, moved]).ranks[1];
    const found = (clock?.skewNs ?? NaN) - stated;
    expect(Math.abs(found - Number(ns))).toBeLessThanOrEqual(clock?.spreadNs ?? 0);
    expect(clock?.shiftNs).toBe(-(clock?.skewNs ?? 0));
  });
});

describe('the nodes of an Ingero cluster', () => {
  it('open together with every event of each, under numbers and not under their names', async () => {
    const before = NODES.map(folderState);
    const { trace } = await open(NODES);
    expect(NODES.map(folderState)).toEqual(before);
    expect(trace.ranks.map(({ label, path: file }) => [label, file])).toEqual(
      NODES.map((file, i) => [`node ${i + 1}`, file]),
    );
    for (const [i, file] of NODES.entries()) {
      const [[rows, total]] = await plainSql(file, 'SELECT count(*), sum(duration) FROM events');
      const own = (table: Trace['launches'] | Trace['host']) => (row: number) =>
        trace.lanes[table.lane[row]].rank === i;
      const tables = [trace.launches, trace.host];
      const count = tables.reduce(
        (n, table) => n + [...table.start.keys()].filter(own(table)).length,
        0,
      );
      expect(count).toBe(rows);
      expect(tables.reduce((n, table) => n + sum(table.duration, own(table)), 0)).toBe(total);
    }
  });
});

describe('eight ranks in one packed archive', () => {
  it('are told by their content, and read one by one', async () => {
    const { run, trace } = await open([DLRM], { kind: 'numbers', numbers: [3] });
    expect(trace.run?.map(({ rank, loaded }) => [rank, loaded])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [rank, rank === 3]),
    );
    expect(trace.files.map(({ name }) => name)).toEqual([
      'worker3_step_12.1694128201557.pt.trace.json',
    ]);
    const all = await run.load({ kind: 'all' });
    expect(all.ranks.map(({ rank, worldSize }) => [rank, worldSize])).toEqual(
      Array.from({ length: 8 }, (_, rank) => [rank, 8]),
    );
    // Eight collectives a rank, five of them messages that prove nothing: too few, and that is said.
    expect(all.ranks[1].clock?.note).toContain('only 3 collectives match');
  });
});
