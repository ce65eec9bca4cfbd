import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { percentileOfSorted, TraceOpenError } from '../../src/trace/index.js';
import {
  folderState,
  openBytes,
  openFile,
  plainSql,
  refusalOf,
  sum,
} from '../unit/formats/reading.js';

const TRACES = '../shared/traces';
const ARTICLE = `${TRACES}/article/hybrid.db`;

describe('the article’s trace', () => {
  it('has plain SQL’s rows, sums and times', async () => {
    const before = folderState(ARTICLE);
    const trace = await openFile(ARTICLE);
    expect(folderState(ARTICLE)).toEqual(before);
    const groups = await plainSql(
      ARTICLE,
      "SELECT name, count(*), sum(duration_us) * 1000, min(timestamp), max(timestamp) FROM events WHERE source = 'cuda' GROUP BY name",
    );
    expect(groups.length).toBe(10);
    for (const [name, count, ns, first, last] of groups) {
      const id = trace.names.find(String(name));
      const rows = Array.from(trace.gpu.name.keys()).filter((i) => trace.gpu.name[i] === id);
      expect([name, rows.length]).toEqual([name, count]);
      const total = sum(trace.gpu.duration, (i) => trace.gpu.name[i] === id);
      expect(Math.abs(total - Number(ns))).toBeLessThan(1e-9 * total);
      expect(trace.clock.originNs + BigInt(trace.gpu.start[rows[0]])).toBe(first);
      expect(trace.clock.originNs + BigInt(trace.gpu.start[rows[rows.length - 1]])).toBe(last);
    }
    expect(trace.gpu.count).toBe(6400);
    expect(trace.host.count).toBe(900);
    expect(trace.report).toMatchObject({
      rowsInFile: 7300,
      rowsRead: 7300,
      skipped: [],
      warnings: [],
    });
  });

  it('has the medians and 99th percentiles of the statement people know it by', async () => {
    const trace = await openFile(ARTICLE);
    const sorted = trace.gpu.duration.slice().sort();
    expect(Math.round(percentileOfSorted(sorted, 0.5) / 1000)).toBe(50);
    expect(Math.round(percentileOfSorted(sorted, 0.99) / 1000)).toBe(300);
  });

  it('cut at every tenth page gives rows and a warning, or a sentence', async () => {
    const whole = new Uint8Array(readFileSync(ARTICLE));
    let partial = 0;
    for (let page = 1; page * 4096 < whole.length; page += 10) {
      try {
        const { report, gpu, host } = await openBytes(whole.slice(0, page * 4096));
        partial++;
        expect(report.rowsRead).toBe(gpu.count + host.count);
        expect(report.warnings.map(({ code }) => code)).toContain('truncated');
      } catch (error) {
        expect(error).toBeInstanceOf(TraceOpenError);
      }
    }
    expect(partial).toBeGreaterThan(0);
  });
});

describe('databases of other tools are refused by name', () => {
  const expected: [file: string, code: string, looksLike: string][] = [
    [
      `${TRACES}/public/other/optiq_rocprof_compute_23ed6f36.db`,
      'unsupported',
      'a ROCm Compute Profiler database',
    ],
    [
      `${TRACES}/public/other/tl_rocprofv3_908_results.json.gz`,
      'not-a-trace',
      'a rocprofv3 JSON result, gzipped',
    ],
    [`${TRACES}/h200/nemotron_h_ep2.long.rank0.pt.trace.json.xz`, 'not-a-trace', 'an xz archive'],
    [`${TRACES}/h200/jamba.config.json`, 'not-a-trace', 'a model configuration'],
    [`${TRACES}/h200/README.md`, 'not-a-trace', 'plain text'],
    [`${TRACES}/h200/jamba.truth.tsv.gz`, 'not-a-trace', 'plain text, gzipped'],
  ];

  it.each(expected)('%s', async (file, code, looksLike) => {
    const before = folderState(file);
    const error = await refusalOf(openFile(file));
    expect([error.code, error.looksLike]).toEqual([code, looksLike]);
    expect(error.message).toContain(file.slice(file.lastIndexOf('/') + 1));
    expect(error.message).toContain('This version reads');
    expect(folderState(file)).toEqual(before);
  });
});
