import { describe, expect, it } from 'vitest';
import type { Decomposition, DecompositionRow } from '../../../src/analysis/results.js';
import {
  evidenceShares,
  evidenceText,
  populationBrief,
  populationParts,
} from '../../../webview/contrast/evidence.js';
import { sparklinePoints } from '../../../webview/contrast/sparkline.js';
import { describeWorst, oneIn, worstLayer } from '../../../webview/contrast/worstLayer.js';
import {
  csvText,
  decompositionCsv,
  decompositionMarkdown,
} from '../../../webview/layers/tableText.js';
import {
  cellText,
  numericColumns,
  resultCsv,
  resultTsv,
} from '../../../webview/query/resultText.js';
import { visibleRows } from '../../../webview/query/visibleRows.js';
import { ariaSort, nextSort, sortRows } from '../../../webview/sorting.js';

function row(key: string, figures: Partial<DecompositionRow>): DecompositionRow {
  return {
    key,
    label: key,
    calls: 1000,
    counted: figures.calls ?? 1000,
    total_ns: 1e6,
    p50_ns: 1e3,
    p99_ns: 2e3,
    max_ns: 3e3,
    tail_ratio: 2,
    share: 0.2,
    weak_p99: false,
    evidence: [{ method: 'name', share: 1 }],
    ...figures,
  };
}

function decomposition(rows: readonly DecompositionRow[], classified = 1): Decomposition {
  return {
    trace: {
      path: 'a.db',
      format: 'flat',
      events: 1,
      gpu_events: 1,
      span_ns: 1e9,
      recorded_ns: 1e9,
      ranks: 1,
    },
    by: 'layer-type',
    population: {
      rows: 6400,
      counted: null,
      rows_in_file: 7300,
      ranks: { loaded: 1, available: 1 },
      skipped: [],
      time_kind: 'gpu',
      gpu_time_ns: 1e9,
      classified_share: classified,
      by_method: { name: classified, none: 1 - classified },
      evidence: [
        { method: 'name', calls: 6000, total_ns: classified * 1e9, share: classified },
        { method: 'none', calls: 400, total_ns: (1 - classified) * 1e9, share: 1 - classified },
      ],
    },
    overall: {
      calls: rows.reduce((sum, { calls }) => sum + calls, 0),
      total_ns: 1e9,
      p50_ns: 50e3,
      p99_ns: 300e3,
      max_ns: 1e7,
      tail_ratio: 6,
      duty_cycle: 0.96,
    },
    rows,
  };
}

describe('sortRows', () => {
  const rows = [{ v: 3 }, { v: null }, { v: 1 }, { v: NaN }, { v: 2 }];
  it('puts missing figures last either way', () => {
    expect(sortRows(rows, (r) => r.v, true).map((r) => r.v)).toEqual([3, 2, 1, null, NaN]);
    expect(sortRows(rows, (r) => r.v, false).map((r) => r.v)).toEqual([1, 2, 3, null, NaN]);
  });
  it('is stable and leaves its input alone', () => {
    const same = [{ n: 'b' }, { n: 'a' }];
    expect(sortRows(same, () => 1, true)).toEqual(same);
    expect(sortRows(same, (r) => r.n, false)[0]).toBe(same[1]);
    expect(same[0].n).toBe('b');
  });
  it('turns at the second click, and starts figures from the greatest', () => {
    const first = nextSort({ column: '', descending: false }, 'p99', true);
    expect(first).toEqual({ column: 'p99', descending: true });
    expect(nextSort(first, 'p99', true).descending).toBe(false);
    expect(nextSort(first, 'label', false).descending).toBe(false);
    expect(ariaSort(first, 'p99')).toBe('descending');
    expect(ariaSort(first, 'p50')).toBe('none');
  });
});

describe('worstLayer', () => {
  const moe = row('moe_all_to_all', {
    label: 'MoE all-to-all',
    calls: 640,
    p50_ns: 180e3,
    p99_ns: 12_400e3,
    tail_ratio: 12_400 / 180,
    share: 0.491,
  });
  const mamba = row('mamba', { calls: 3840, p50_ns: 42e3, p99_ns: 95e3 });
  const attention = row('attention', { calls: 1920, p50_ns: 88e3, p99_ns: 320e3 });

  it("says the article's sentence from its figures", () => {
    const all = decomposition([mamba, attention, moe]);
    expect(worstLayer(all)).toBe(moe);
    expect(describeWorst(all, moe)).toEqual({
      tail: 'p99 12,400 µs, 69x its median',
      weight: '1 call in 10, 49.1 % of GPU time',
    });
  });

  it('prefers neither a mix of short kernels, nor few calls, nor what has no type', () => {
    const mixed = row('moe_experts', { calls: 9000, p50_ns: 2e3, p99_ns: 221e3, tail_ratio: 110 });
    const rare = row('lm_head', { calls: 10, weak_p99: true, p99_ns: 9e9, tail_ratio: 1000 });
    const unknown = row('unclassified', { p99_ns: 9e9, tail_ratio: 1000 });
    expect(worstLayer(decomposition([mixed, rare, unknown, moe]))).toBe(moe);
    expect(worstLayer(decomposition([unknown]))).toBeUndefined();
    expect(worstLayer(decomposition([rare]))).toBe(rare);
  });

  it('says how much has no layer type', () => {
    expect(describeWorst(decomposition([moe], 0.482), moe).weight).toContain(
      '51.8 % has no layer type',
    );
  });

  it('puts shares of calls in words', () => {
    expect(oneIn(640, 6400)).toBe('1 call in 10');
    expect(oneIn(3, 9000)).toBe('1 call in 3,000');
    expect(oneIn(62, 100)).toBe('62 % of calls');
    expect(oneIn(0, 100)).toBe('no calls');
  });
});

describe('population', () => {
  it('names rows, count and kind of time', () => {
    const { population } = decomposition([]);
    expect(populationParts(population, false)).toEqual([
      '6,400 GPU events of 7,300 rows in the file',
      'counted by the recorder: unknown',
      'GPU time',
    ]);
    expect(populationParts({ ...population, counted: 12_345 }, false)[1]).toBe(
      'counted by the recorder: 12,345',
    );
    expect(populationParts({ ...population, time_kind: 'host_api' }, true)).toEqual([
      '6,400 API calls in the window of 7,300 rows in the file',
      'host API time; this recorder has no GPU events',
    ]);
  });

  it('says in brief how many rows stand for how many calls, and of which time', () => {
    const { population } = decomposition([]);
    expect(populationBrief({ ...population, classified_share: 0.875 }, false)).toEqual({
      rows: '6,400 GPU events',
      time: 'GPU time',
      classified: 'classified 87.5 %',
    });
    const ingero = { ...population, counted: 12_345, time_kind: 'host_api' as const };
    expect(populationBrief(ingero, false)).toMatchObject({
      rows: '6,400 of 12,345 counted API calls',
      time: 'host API time',
    });
    // The recorder counted over the whole trace: no count of a window.
    expect(populationBrief(ingero, true).rows).toBe('6,400 API calls in the window');
  });

  it('lists evidence strongest first, what has none last, in shares that sum to one', () => {
    const shares = evidenceShares({
      ...decomposition([]).population,
      evidence: [
        { method: 'module', calls: 6, total_ns: 600e6, share: 0.6 },
        { method: 'stack', calls: 1, total_ns: 0, share: 0 },
        { method: 'name', calls: 1234, total_ns: 300e6, share: 0.3 },
        { method: 'none', calls: 1, total_ns: 100e6, share: 0.1 },
      ],
    });
    expect(evidenceText(shares)).toBe('module ranges 60 %, kernel names 30 %, unclassified 10 %');
    expect(shares.map(({ figures }) => figures)).toEqual([
      '6 calls, 600 ms, 60 % of GPU time',
      '1,234 calls, 300 ms, 30 % of GPU time',
      '1 call, 100 ms, 10 % of GPU time',
    ]);
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });
});

describe('sparklinePoints', () => {
  it('loses no dip where samples are more than pixels', () => {
    const samples = Array.from({ length: 5000 }, (_, i) => (i === 3217 ? 0 : 1));
    const heights = sparklinePoints(samples, 100, 20)
      .split(' ')
      .map((point) => Number(point.split(',')[1]));
    expect(Math.max(...heights)).toBe(19);
    expect(Math.min(...heights)).toBe(1);
    expect(sparklinePoints([], 100, 20)).toBe('');
  });
});

describe('tables as text', () => {
  it('writes Markdown with escaped pipes and visible controls', () => {
    const text = decompositionMarkdown('kernel', decomposition([]), [
      row('a|b\u202e<img>', { calls: 12, weak_p99: true }),
    ]);
    expect(text).toContain('| a\\|b\\\\u202e&lt;img&gt; | 12 |');
    expect(text).toContain('(weak)');
    expect(text.trimEnd().split('\n')).toHaveLength(4);
  });

  it('sets the calls a recorder counted beside those it kept, or says that they are unknown', () => {
    const rows = [
      row('cuLaunchKernel', { calls: 12, counted: 5012 }),
      row('cuMemcpy', { counted: null }),
    ];
    const all = decomposition(rows);
    const ingero = { ...all, trace: { ...all.trace, format: 'ingero' as const } };
    const lines = decompositionMarkdown('kernel', ingero, rows).split('\n');
    expect(lines[0]).toContain('| kernel | calls | counted | total µs |');
    expect(lines[2]).toContain('| cuLaunchKernel | 12 | 5,012 |');
    expect(lines[3]).toContain('| cuMemcpy | 1,000 | unknown |');
    expect(lines[4]).toMatch(/^\| Overall \| [\d,]+ \| unknown \|/);
    expect(lines.slice(0, 5).map((line) => line.split('|').length)).toEqual(Array(5).fill(12));
    expect(decompositionMarkdown('kernel', all, rows)).not.toContain('counted');
    expect(describeWorst(ingero, rows[0]).tail).toContain('(12 of 5,012 counted)');
    expect(describeWorst(ingero, rows[1]).tail).toContain('(1,000 of unknown counted)');
  });

  it('writes CSV after RFC 4180, unrounded', () => {
    expect(csvText(['a', 'b'], [['x,"y"\nz', null]])).toBe('a,b\r\n"x,""y""\nz",\r\n');
    expect(decompositionCsv([row('mamba', { p99_ns: 95_000.125 })])).toContain(',95000.125,');
  });

  it('copies query results exactly', () => {
    const result = {
      columns: ['id', 'name', 'n'],
      rows: [
        ['1777334400000000123', 'a\tb', 1.5],
        ['1777334400000094158', null, null],
      ],
    };
    expect(resultTsv(result)).toBe(
      'id\tname\tn\n1777334400000000123\ta b\t1.5\n1777334400000094158\t\t',
    );
    expect(resultCsv(result)).toContain('1777334400000000123,a\tb,1.5\r\n');
    expect(numericColumns(result)).toEqual([true, false, true]);
    expect(cellText(null)).toBe('NULL');
    expect(cellText(12n ** 17n)).toBe('2218611106740436992');
    expect(cellText('\u001b[31mred')).toBe('\\x1b[31mred');
    expect(cellText(Uint8Array.of(1, 255))).toBe("x'01ff' (2 bytes)");
  });
});

describe('visibleRows', () => {
  it('covers what is in sight and stays within the rows', () => {
    for (const count of [0, 1, 30, 100_000]) {
      for (const top of [0, 500, 1e7]) {
        const { from, to } = visibleRows(top, 300, 24, count);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(count);
        expect(from).toBeLessThanOrEqual(to);
      }
    }
    const { from, to } = visibleRows(24_000, 240, 24, 100_000);
    expect(from).toBeLessThanOrEqual(1000);
    expect(to).toBeGreaterThanOrEqual(1010);
    expect(to - from).toBeLessThan(60);
  });
});
