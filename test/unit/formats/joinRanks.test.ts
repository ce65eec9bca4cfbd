import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { joinRanks } from '../../../src/formats/mergeRanks.js';
import type { Trace } from '../../../src/trace/index.js';
import { differences } from '../exchange/exporting.js';
import { openFile } from './reading.js';

const RANKS = [0, 1].map((rank) => `test/fixtures/kineto/two-ranks.rank${rank}.pt.trace.json.gz`);

/** Files of one format that are joined, whether or not they are of one run. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  'ranks that state their collectives': RANKS,
  'the higher rank first': [...RANKS].reverse(),
  'stacks, and what was captured': ['layers.stack', 'graph', 'backward.stack', 'plain'].map(
    (name) => `test/fixtures/kineto/${name}.pt.trace.json.gz`,
  ),
  'samples of counters': ['counters.json', 'counters.json'].map((n) => `test/fixtures/kineto/${n}`),
  'several ranks in one file': ['two_ranks_0.9.db', 'two_ranks_0.9.db'].map(
    (name) => `test/fixtures/ingero/${name}`,
  ),
  imports: ['pytorch_1.db', 'pytorch_1.db'].map((name) => `test/fixtures/layerscope/${name}`),
};

/** The types of all columns, by their place. */
function types(value: unknown, at = ''): string[] {
  if (ArrayBuffer.isView(value)) {
    return [`${at} ${value.constructor.name}`];
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, item]) => types(item, `${at}.${key}`))
    : [];
}

const read = (files: readonly string[]): Promise<Trace[]> => Promise.all(files.map(openFile));

describe('ranks that are joined', () => {
  it.each(Object.entries(SETS))('are had back as they were: %s', async (_, files) => {
    const traces = await read(files);
    // Else nothing has to be shifted back.
    const moved = traces.map((trace, i) => ({
      ...trace,
      clock: { ...trace.clock, originNs: traces[0].clock.originNs + BigInt(7_001 * i) },
    }));
    const joined = joinRanks([...moved]);
    for (const [i, trace] of moved.entries()) {
      const again = joined.part(i);
      expect(again).not.toBe(trace);
      expect(differences(again, trace)).toEqual([]);
      expect(types(again).sort()).toEqual(types(trace).sort());
    }
    expect(joined.trace.gpu.count + joined.trace.launches.count).toBe(
      moved.reduce((sum, { gpu, launches }) => sum + gpu.count + launches.count, 0),
    );
  });

  it('are the same again in another company, or alone', async () => {
    const [a, b] = await read(RANKS);
    const twice = joinRanks([joinRanks([a, b]).part(1), joinRanks([a, b]).part(0)]);
    expect(differences(twice.trace, joinRanks([a, b]).trace)).toEqual([]);
    expect(joinRanks([a]).part(0)).toBe(a);
  });

  it('are kept as they were read where the shift would cost a digit, or their order', async () => {
    const [a, b] = await read(RANKS);
    const fraction = { ...b, gpu: { ...b.gpu, start: b.gpu.start.map((ns) => ns + 2 ** -20) } };
    const year = BigInt(365 * 86_400) * 10n ** 6n; // a thousandth of it: 2^-20 ns no longer fit
    const late = { ...fraction, clock: { ...b.clock, originNs: a.clock.originNs + year } };
    const joined = joinRanks([a, late]);
    expect(joined.part(1)).toBe(late);
    expect(differences(joined.part(0), a)).toEqual([]);
  });

  it('are in memory once', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const traces = await read(RANKS);
    const columns = traces.flatMap(({ gpu, launches, ranges, host }) =>
      [gpu, launches, ranges, host].flatMap((table) => [
        new WeakRef(table.start),
        new WeakRef(table.name),
      ]),
    );
    const joined = joinRanks(traces);
    expect(traces).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 0)); // what was looked at lives until then
    collect();
    expect(columns.filter((column) => column.deref() !== undefined)).toEqual([]);
    expect(joined.trace.gpu.count).toBeGreaterThan(0);
  });
});
