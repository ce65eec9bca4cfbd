import { describe, expect, it } from 'vitest';
import type { Decomposition, StallList } from '../../../src/analysis/results.js';
import { attributeHeader, attributeLines } from '../../../src/cli/attributeOutput.js';
import { decomposeOutput } from '../../../src/cli/decomposeOutput.js';
import { queryOutput } from '../../../src/cli/queryOutput.js';
import { stallsOutput } from '../../../src/cli/stallsOutput.js';
import { markdownText } from '../../../src/analysis/visibleText.js';
import { csv, plainTable } from '../../../src/cli/tables.js';

const population = {
  rows: 6400,
  counted: 6400,
  rows_in_file: 7300,
  ranks: { loaded: 1, available: 1 },
  skipped: [],
  time_kind: 'gpu',
  gpu_time_ns: 834e6,
  classified_share: 1,
  by_method: { name: 1 },
  evidence: [{ method: 'name', calls: 6400, total_ns: 834e6, share: 1 }],
} as const;

const row = {
  key: 'moe_all_to_all',
  label: 'MoE all-to-all',
  calls: 640,
  total_ns: 409_498_000,
  share: 0.4909,
  p50_ns: 180_000,
  p99_ns: 12_400_000,
  max_ns: 15_837_033,
  tail_ratio: 68.89,
  counted: 640,
  weak_p99: false,
  evidence: [{ method: 'name', share: 1 }],
} as const;

const decomposition: Decomposition = {
  trace: {
    path: 'hybrid.db',
    format: 'flat',
    events: 7300,
    gpu_events: 6400,
    span_ns: 59.955e9,
    recorded_ns: 59.955e9,
    ranks: 1,
  },
  by: 'layer-type',
  population,
  overall: {
    calls: 6400,
    total_ns: 834e6,
    p50_ns: 50_000,
    p99_ns: 300_000,
    max_ns: 15_837_033,
    tail_ratio: 6,
    duty_cycle: 0.0139,
  },
  rows: [row],
};

const HOSTILE = 'k\x1b[31m|\u202e<img src=x>,"quoted"\nline';

describe('decompose output', () => {
  it('prints the table with what stands behind it', () => {
    expect(decomposeOutput(decomposition, [], 'table')).toBe(
      [
        'layer type      calls  total ms   share  p50 µs  p99 µs  max µs  tail ratio',
        '--------------  -----  --------  ------  ------  ------  ------  ----------',
        'MoE all-to-all    640     409.5  49.1 %     180  12,400  15,837         69x',
        'all calls       6,400     834.0   100 %      50     300  15,837        6.0x',
        '',
        'The dashboard: a kernel ran 1.4 % of 60.0 s; over all calls p50 50 µs, p99 300 µs.',
        '6,400 of 7,300 rows are GPU events; 100 % of GPU time classified: 100 % kernel names',
        '',
      ].join('\n'),
    );
  });

  it('gives JSON in the shape that is promised', () => {
    const warnings = [{ code: 'truncated', message: 'The file ends early.', rows: 3 }];
    const json: unknown = JSON.parse(decomposeOutput(decomposition, warnings, 'json'));
    expect(json).toEqual({ ...decomposition, warnings });
  });

  it('marks a weak p99, says what host time is, repeats warnings and skipped rows', () => {
    const text = decomposeOutput(
      {
        ...decomposition,
        overall: { ...decomposition.overall, duty_cycle: null },
        population: {
          ...population,
          time_kind: 'host_api',
          counted: 9000,
          classified_share: 0.25,
          by_method: { none: 0.75, stack: 0.25 },
          evidence: [
            { method: 'stack', calls: 3, total_ns: 25, share: 0.25 },
            { method: 'none', calls: 9, total_ns: 75, share: 0.75 },
          ],
          skipped: [{ reason: 'with a negative duration', rows: 12 }],
        },
        rows: [{ ...row, weak_p99: true }],
      },
      [{ code: 'x', message: 'Stacks\x1b[2J are missing.', rows: 0 }],
      'table',
    );
    expect(text).toContain('12,400*');
    expect(text).toContain('* fewer than 100 calls');
    expect(text).toContain(
      '6,400 of 7,300 rows are API calls; 25 % of host API time classified: 25 % launch stacks, 75 % unclassified',
    );
    expect(text).toContain('host time is not GPU time');
    expect(text).toContain('The recorder counted 9,000 API calls; the file keeps 6,400 of them.');
    expect(text).toContain('Rows not read: 12 with a negative duration.');
    expect(text).toContain('Warning: Stacks\\x1b[2J are missing.');
    expect(text).not.toContain('The dashboard');
    expect(text).not.toContain('\x1b');
  });

  it('sets the calls the recorder counted beside those it kept', () => {
    const ingero: Decomposition = {
      ...decomposition,
      trace: { ...decomposition.trace, format: 'ingero' },
      population: { ...population, counted: null },
      rows: [
        { ...row, counted: 9000 },
        { ...row, counted: null },
      ],
    };
    const [header, , ...lines] = decomposeOutput(ingero, [], 'table').split('\n');
    expect(header).toMatch(/layer type +calls +counted +total ms/);
    expect(lines[0]).toMatch(/MoE all-to-all +640 +9,000 /);
    expect(lines[1]).toMatch(/MoE all-to-all +640 +unknown /);
    expect(lines.find((line) => line.startsWith('all calls'))).toMatch(
      /all calls +[\d,]+ +unknown /,
    );
    const [, first, second] = decomposeOutput(ingero, [], 'csv').split('\r\n');
    expect([first, second].map((record) => record.split(',').at(-1))).toEqual(['9000', '']);
    expect(decomposeOutput(decomposition, [], 'table')).not.toContain('counted');
  });

  it('escapes hostile names for each format and shortens long ones for the terminal only', () => {
    const long = `start_${'x'.repeat(200)}_end`;
    const hostile = {
      ...decomposition,
      rows: [
        { ...row, key: HOSTILE, label: HOSTILE },
        { ...row, key: long, label: long },
      ],
    };
    const table = decomposeOutput(hostile, [], 'table');
    expect(table).toContain('k\\x1b[31m|\\u202e<img src=x>,"quoted"\\nline');
    expect(table).toMatch(/start_x+…x+_end /);
    expect(table).not.toContain(long);
    const records = decomposeOutput(hostile, [], 'csv').split('\r\n');
    expect(records[0]).toBe(
      'key,label,calls,total_ns,share,p50_ns,p99_ns,max_ns,tail_ratio,weak_p99,counted',
    );
    const quoted = '"k\\x1b[31m|\\u202e<img src=x>,""quoted""\nline"';
    expect(records[1]).toBe(
      `${quoted},${quoted},640,409498000,0.4909,180000,12400000,15837033,68.89,false,640`,
    );
    expect(records[2].startsWith(`${long},${long},`)).toBe(true);
    const markdown = decomposeOutput(hostile, [], 'markdown');
    expect(markdown).toContain('| k\\\\x1b\\[31m\\|\\\\u202e&lt;img src=x&gt;,"quoted"\\\\nline |');
    expect(markdown.split('\n')[1]).toBe(
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    );
    const json = JSON.parse(decomposeOutput(hostile, [], 'json')) as Decomposition;
    expect(json.rows.map((each) => each.key)).toEqual([HOSTILE, long]);
  });
});

describe('stalls output', () => {
  const list: StallList = {
    factor: 5,
    found: 2,
    lost_ns: 24.4e6,
    population,
    stalls: [
      {
        call: 41,
        start_ns: 1_234_567,
        duration_ns: 12_400_000,
        name: 'ncclDevKernel_AllToAll',
        layer_type: 'moe_all_to_all',
        layer_label: 'MoE all-to-all',
        layer_index: 17,
        module: '',
        step: 'decode',
        phase: 'decode',
        rank: 'rank 0',
        lane: 'cuda:0 stream 7',
        typical_ns: 180_000,
        times_typical: 68.9,
        lost_ns: 12_220_000,
        has_source: false,
      },
    ],
  };

  it('lists what was lost and how many are not shown', () => {
    const lines = stallsOutput(list, 'table').split('\n');
    expect(lines[2].split(/ {2,}/)).toEqual([
      '1',
      '12,220',
      '12,400',
      '180',
      '69x',
      'MoE all-to-all',
      '17',
      'ncclDevKernel_AllToAll',
      '1.235',
      'cuda:0 stream 7',
      'decode',
    ]);
    expect(lines[4]).toBe(
      '2 calls took more than 5 times what is typical (the median of the layer type, or of the kernel in it where that is larger) and lost 24.4 ms to it.',
    );
    expect(lines[5]).toBe('Shown: the 1 that lost most; --limit shows more.');
  });

  it('keeps every figure in JSON and CSV', () => {
    expect(JSON.parse(stallsOutput(list, 'json'))).toEqual(list);
    expect(stallsOutput(list, 'csv').split('\r\n')[1]).toBe(
      '41,1234567,12400000,180000,68.9,12220000,moe_all_to_all,17,ncclDevKernel_AllToAll,,decode,decode,rank 0,cuda:0 stream 7,false',
    );
  });
});

describe('query output', () => {
  const result = {
    columns: ['id', 'name', 'n', 'n'],
    rows: [
      [9007199254740993n, 'a\tb', 1.5, null],
      [2, null, 2, Uint8Array.of(1, 255)],
    ],
    truncated: false,
  };

  it('keeps 64-bit integers exact and columns of one name apart', () => {
    expect(JSON.parse(queryOutput(result, 'json'))).toEqual({
      columns: ['id', 'name', 'n', 'n_2'],
      rows: [
        { id: '9007199254740993', name: 'a\tb', n: 1.5, n_2: null },
        { id: 2, name: null, n: 2, n_2: "x'01ff'" },
      ],
      truncated: false,
    });
    expect(queryOutput(result, 'csv')).toBe(
      "id,name,n,n\r\n9007199254740993,a\tb,1.5,\r\n2,,2,x'01ff'\r\n",
    );
    expect(queryOutput(result, 'table')).toBe(
      [
        '              id  name    n  n',
        '----------------  ----  ---  -------',
        '9007199254740993  a\\tb  1.5  NULL',
        "               2  NULL    2  x'01ff'",
        '',
      ].join('\n'),
    );
  });
});

describe('attribute output', () => {
  it('prints the contract, one line an event whatever its name', () => {
    const contract = { explain: false, rank: false };
    expect(attributeHeader(contract)).toBe(
      'ts_us\tdur_us\tdevice\tstream\tname\tlayer_type\tlayer_index\tmodule\tmethod\n',
    );
    const call = {
      ts_us: '1777334400000000.123',
      dur_us: '87.393',
      device: '0',
      stream: '7',
      name: 'a\tb\nc\\d\x1b[31m\u2028\x85\u202e',
      layer_type: 'mamba',
      layer_index: '',
      module: '',
      method: 'name',
    };
    const line = attributeLines([call], contract);
    // Directional marks end no line and are part of the name.
    expect(line).toBe(
      '1777334400000000.123\t87.393\t0\t7\ta\\tb\\nc\\\\d\\x1b[31m\\u2028\\x85\u202e\tmamba\t\t\tname\n',
    );
    const told = { ...call, name: 'k', rule: 'r', why: 'w', rank: 'rank 0 (a\tb.json)' };
    expect(
      attributeHeader({ explain: true, rank: true }).endsWith('\tmethod\trule\twhy\trank\n'),
    ).toBe(true);
    expect(attributeLines([told], { explain: false, rank: true })).toBe(
      '1777334400000000.123\t87.393\t0\t7\tk\tmamba\t\t\tname\trank 0 (a\\tb.json)\n',
    );
  });
});

describe('table parts', () => {
  it('draws a line under a column of sentences that a terminal does not wrap', () => {
    const table = plainTable({
      columns: [
        { header: 'what', align: 'left' },
        { header: 'value', align: 'left' },
      ],
      rows: [['warning', 'x'.repeat(400)]],
    });
    expect(table.split('\n')[1]).toBe(`${'-'.repeat(7)}  ${'-'.repeat(60)}`);
    expect(table).toContain('x'.repeat(400));
  });

  it('aligns by characters', () => {
    const table = plainTable({
      columns: [
        { header: 'a', align: 'left' },
        { header: 'b', align: 'right' },
      ],
      rows: [
        ['😀😀', '1'],
        ['x', '1,000'],
      ],
    });
    expect(table).toBe('a       b\n--  -----\n😀😀      1\nx   1,000\n');
  });

  it('quotes by RFC 4180', () => {
    expect(csv(['a'], [['x"y'], ['p,q'], ['r\ns'], ['plain']])).toBe(
      'a\r\n"x""y"\r\n"p,q"\r\n"r\ns"\r\nplain\r\n',
    );
  });

  it('leaves underscores inside words alone in markdown', () => {
    expect(markdownText('_chunk_scan_fwd_ a*b `c`')).toBe('\\_chunk_scan_fwd\\_ a\\*b \\`c\\`');
  });
});
