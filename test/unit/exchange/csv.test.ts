import { describe, expect, it } from 'vitest';
import { cellText } from '../../../src/exchange/csv.js';
import { CSV_TABLES } from '../../../src/exchange/exportRequest.js';
import { layerTypeOf, type Trace } from '../../../src/trace/index.js';
import { openFile } from '../formats/reading.js';
import { smallTrace } from '../query/smallTrace.js';
import { exported } from './exporting.js';

/** Reads RFC 4180: quoted cells may hold anything, quotes in them are doubled. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g,
  )) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') {
      rows.push(row);
      row = [];
    }
    if (end === '') {
      break;
    }
  }
  return rows.slice(0, -1); // what follows the last line end
}

function recordsOf(text: string): Record<string, string>[] {
  const [header, ...rows] = parseCsv(text);
  return rows.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i]])));
}

describe('CSV', () => {
  it('has a line for each GPU event, with its layer and exact times', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const { text, report } = await exported(trace, { to: 'csv' });
    const records = recordsOf(text);
    const { gpu, names, clock } = trace;
    expect(records.length).toBe(gpu.count);
    expect(report.rows).toEqual([{ what: 'GPU events', rows: gpu.count }]);
    expect(records.map((record) => Number(record['duration_ns']))).toEqual([...gpu.duration]);
    expect(records.map((record) => record['name'])).toEqual(
      [...gpu.name].map((id) => names.get(id)),
    );
    expect(records.map((record) => BigInt(record['timestamp_ns']))).toEqual(
      [...gpu.start].map((start) => clock.originNs + BigInt(start)),
    );
    expect(records.every(({ device, stream }) => device === '0' && stream === '7')).toBe(true);
  });

  it('says what is unclassified, and leaves empty what is not known', async () => {
    const { trace, labels } = smallTrace();
    const { text } = await exported(trace, { to: 'csv' }, labels);
    const records = recordsOf(text);
    expect(records.map((record) => record['layer_type'])).toEqual(
      [...labels.type].map((type) => layerTypeOf(type).key),
    );
    expect(records.map((record) => record['layer_index'])).toEqual(
      [...labels.index].map((index) => (index < 0 ? '' : String(index))),
    );
  });

  it.each(CSV_TABLES)('of %s has one line for each of its rows', async (table) => {
    const { trace, labels } = smallTrace();
    const whole: Trace = {
      ...trace,
      counters: [
        {
          name: 'Clock, "SM"',
          unit: 'MHz',
          rank: 1,
          device: 1,
          source: 'x',
          time: Float64Array.of(1, 2.5),
          value: Float64Array.of(1980, 1200),
        },
      ],
    };
    const { text, report } = await exported(whole, { to: 'csv', table }, labels);
    const rows = table === 'counters' ? 2 : whole[table].count;
    const records = recordsOf(text);
    expect(records.length).toBe(rows);
    expect(report.rows[0].rows).toBe(rows);
    if (table === 'counters') {
      expect(records[1]).toEqual({
        name: 'Clock, "SM"',
        unit: 'MHz',
        rank: '1',
        device: '1',
        source: 'x',
        time_ns: '2.5',
        value: '1200',
      });
    }
  });

  it('has the API calls where these are what is measured, and says that it is host time', async () => {
    const trace = await openFile('test/fixtures/ingero/plain_0.8.db');
    const { text, report } = await exported(trace, { to: 'csv' });
    const records = recordsOf(text);
    expect(records.length).toBe(trace.launches.count);
    expect(records.length).toBeGreaterThan(0);
    expect(records[0]).toHaveProperty('layer_type');
    expect(report.notes).toEqual(['Durations are host time of API calls.']);
  });

  it('of a window has what starts in it', async () => {
    const trace = await openFile('test/fixtures/kineto/layers.stack.pt.trace.json.gz');
    const window = { startNs: trace.gpu.start[10], endNs: trace.gpu.start[20] };
    const { text } = await exported(trace, { to: 'csv', window });
    expect(recordsOf(text).map(({ id }) => Number(id))).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
  });

  it.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1', "'+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\\t=1"],
    ['＝1', "'＝1"],
    ['void f<int, 4>(char*)', '"void f<int, 4>(char*)"'],
    ['a\r\nb', 'a\\r\\nb'],
    ['\u001b[31mred', '\\x1b[31mred'],
    [-5, '-5'],
    [1795311156427923503n, '1795311156427923503'],
    [null, ''],
  ])('writes %s so that nothing runs it', (cell, written) => {
    expect(cellText(cell)).toBe(written);
  });
});
