import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { kinetoReader } from '../../../src/formats/kineto/kinetoReader.js';
import { GPU_KINDS, MODULE, TraceOpenError } from '../../../src/trace/index.js';
import { expectSameRows, fileTime } from './againstPlainJson.js';
import { plainTrace } from './plainJson.js';
import {
  FIXTURES,
  rangePath,
  readFixture,
  readText,
  readTrace,
  skippedRows,
  sourceOf,
  warningCodes,
} from './readFixture.js';

const CUT = [
  'layers.stack.pt.trace.json.gz',
  'plain.pt.trace.json.gz',
  'graph.pt.trace.json.gz',
  'two-ranks.rank0.pt.trace.json.gz',
  'two-ranks.rank1.pt.trace.json.gz',
];

describe('recorded traces', () => {
  test.each(CUT)('%s: every row is that of the file', async (name) => {
    expectSameRows(await readFixture(name), plainTrace(FIXTURES + name));
  });

  test('unpacked and packed, and in any order of keys, they read the same', async () => {
    const packed = readFileSync(FIXTURES + 'layers.stack.pt.trace.json.gz');
    const text = gunzipSync(packed).toString();
    const { traceEvents, ...rest } = JSON.parse(
      text.replace(/"(ts|dur)":([\d.]+)/g, '"$1":"#$2"'),
    ) as { traceEvents: object[] };
    const reversed = traceEvents.map((e) => Object.fromEntries(Object.entries(e).reverse()));
    const other = JSON.stringify({ traceEvents: reversed, ...rest }, undefined, 1).replace(
      /"#([\d.]+)"/g,
      '$1',
    );
    const read = (bytes: Uint8Array) => kinetoReader.read(sourceOf('t', bytes), {});
    const [a, b, c] = await Promise.all([
      read(packed),
      read(Buffer.from(text)),
      read(Buffer.from(other)),
    ]);
    for (const trace of [b, c]) {
      expect({ ...trace, files: [] }).toEqual({ ...a, files: [] });
    }
  });

  test('six layers with stacks: launches lie inside their modules, in the order of the model', async () => {
    const trace = await readFixture('layers.stack.pt.trace.json.gz');
    const blocks = new Set<string>();
    for (let i = 0; i < trace.gpu.count; i++) {
      const path = rangePath(trace, trace.gpu.launch[i]);
      expect(path.at(-1)).toMatch(/<module>/);
      const block = path.find((name) => name.includes('NemotronHBlock'));
      if (block !== undefined) {
        blocks.add(block);
      }
    }
    expect([...blocks]).toEqual([0, 1, 2, 3, 4, 5].map((n) => `nn.Module: NemotronHBlock_${n}`));
    expect(trace.report.missing).toEqual([]);
  });

  test('a graph replay: its kernels are marked as replayed, the others are not', async () => {
    const trace = await readFixture('graph.pt.trace.json.gz');
    const plain = plainTrace(FIXTURES + 'graph.pt.trace.json.gz');
    const graph = plain.events.find((e) => /GraphLaunch/.test(e.name));
    const replayed = plain.events.filter(
      (e) =>
        /^(kernel|gpu_mem)/.test(e.cat ?? '') &&
        e.args?.['correlation'] === graph?.args?.['correlation'],
    );
    expect(replayed.length).toBeGreaterThan(100);
    expect(trace.gpu.replayed.reduce((sum, r) => sum + r, 0)).toBe(replayed.length);
    expect(trace.report.missing).toContain('python stacks');
  });

  test('facts name the GPU and versions and nothing private', async () => {
    const trace = await readFixture('two-ranks.rank1.pt.trace.json.gz');
    expect(trace.ranks).toEqual([
      {
        rank: 1,
        worldSize: 2,
        label: 'rank 1',
        path: FIXTURES + 'two-ranks.rank1.pt.trace.json.gz',
        device: 'NVIDIA H200',
      },
    ]);
    expect(Object.fromEntries(trace.report.facts.map((f) => [f.name, f.value]))).toEqual({
      GPU: '2 x NVIDIA H200',
      'GPU memory': '139.8 GiB',
      'Streaming multiprocessors': '132',
      'Compute capability': '9.0',
      'CUDA driver': '13.0',
      'CUDA runtime': '13.0',
      CUPTI: '130001',
      'Communication backend': 'nccl',
      NCCL: '2.28.9',
      'World size': '2',
      'Process groups': '1',
      'Recorded with': 'Python stacks, shapes',
    });
    expect(trace.formatLabel).toBe('PyTorch profiler (Kineto) schema 1');
    expect(trace.lanes.map((lane) => lane.label)).toContain('python3 (605)');
  });
});

describe('oddities', () => {
  test('a bare array without its bracket: epochs, a kernel without its launch', async () => {
    const trace = await readFixture('array-form.json');
    expect(trace.clock).toEqual({
      originNs: 1700000000000100_000n,
      epoch: 'unix',
      fileBaseNs: 0n,
    });
    expect([...trace.gpu.start]).toEqual([10_000, 31_000]);
    expect([...trace.gpu.launch]).toEqual([0, -1]);
    expect(warningCodes(trace)).toEqual(['unclosed', 'no-launch']);
    expect(trace.report.warnings[1].rows).toBe(1);
    expect(trace.ranks[0].rank).toBe(-1);
    expect(trace.spanNs).toBe(34_000);
  });

  test('metadata behind the events: an exact base, the rank, the device that was used', async () => {
    const trace = await readFixture('metadata-last.json');
    expect(trace.clock).toEqual({
      originNs: 1790857026000000001n + 99_001n,
      epoch: 'unix',
      fileBaseNs: 1790857026000000001n,
    });
    expect(fileTime(trace, trace.gpu.start[0])).toBe('100.250');
    expect(trace.gpu.duration[0]).toBe(1500);
    expect(trace.kernelShapes).toEqual([{ grid: [4, 2, 1], block: [256, 1, 1] }]);
    expect(trace.ranks[0]).toMatchObject({ rank: 3, worldSize: 8, device: 'GPU one' });
    expect(trace.lanes.map((l) => [l.kind, l.device, l.id, l.process, l.label])).toEqual([
      ['stream', 1, '20', '', 'stream 20'],
      ['thread', -1, '3', '2', 'worker (3)'],
    ]);
    expect(JSON.stringify(trace.report)).not.toContain('somebody');
  });

  test('a file that ends inside an event gives those before it and says where it ends', async () => {
    const trace = await readFixture('truncated.json');
    expect(trace.gpu.count).toBe(1);
    expect(trace.report.rowsInFile).toBe(2);
    expect(skippedRows(trace)).toEqual({ 'rows cut off at the end of the file': 1 });
    const [warning] = trace.report.warnings;
    expect(warning.code).toBe('truncated');
    const at = readFileSync(FIXTURES + 'truncated.json', 'utf8').lastIndexOf('{"ph"');
    expect(warning.message).toContain(`at byte ${at}`);
  });

  test('NaN and Infinity: harmless where they are not times, counted where they are', async () => {
    const trace = await readFixture('not-a-number.json');
    expect(trace.gpu.count).toBe(1);
    expect(trace.gpu.shape[0]).toBe(-1);
    expect(skippedRows(trace)).toEqual({
      'rows without a name, time or duration that can be read': 2,
      'rows with a negative duration': 1,
    });
    expect(warningCodes(trace)).toEqual(['damaged-rows', 'damaged', 'no-launch']);
  });

  test('control characters, stray backslashes, escapes: read or counted, never more than one row lost', async () => {
    const trace = await readFixture('control-characters.json');
    expect([...trace.ranges.name].map((id) => trace.names.get(id))).toEqual([
      'two\nlines\tand a bell \u0007',
      'café 😀 \ufffd "quoted" é \ufffd',
      'brackets } ] { [ in a name',
      'after the damage',
    ]);
    expect(trace.report.rowsInFile).toBe(6);
    expect(skippedRows(trace)).toEqual({ 'damaged rows': 2 });
  });

  test('the spelling of 2021: string ids, capitalised categories, call stacks on operators', async () => {
    const trace = await readFixture('string-tids.json');
    expect([...trace.gpu.kind].map((k) => GPU_KINDS[k])).toEqual(['kernel', 'memcpy', 'memset']);
    expect([...trace.gpu.bytes]).toEqual([NaN, 19267584, 512]);
    expect([...trace.gpu.launch]).toEqual([0, -1, -1]);
    expect(rangePath(trace, 0)).toEqual(['aten::convolution', 'aten::conv2d']);
    // The innermost operator has an empty stack: that of the one around it is the nearest.
    const stack = trace.stacks.stacks[trace.launches.stack[0]];
    expect([...stack].map((f) => trace.stacks.frames[f])).toEqual([
      { file: 'torch/nn/modules/conv.py', line: 114, function: 'forward', library: '' },
      { file: 'torch/nn/modules/module.py', line: 885, function: '_call_impl', library: '' },
      { file: 'train.py', line: 54, function: '<module>', library: '' },
    ]);
    expect(trace.lanes.map((l) => l.label)).toEqual(['python (257)', 'stream 7']);
    expect(skippedRows(trace)).toEqual({
      'flow arrows (async)': 1,
      'process and thread names (M)': 2,
    });
  });

  test('a built-in method that is never closed ends with its caller and encloses nothing later', async () => {
    const trace = await readFixture('unclosed-frames.json');
    expect([0, 1, 2, 3].map((launch) => rangePath(trace, launch)[0])).toEqual([
      'mixer.py(5): scan',
      'mixer.py(9): project',
      'nn.Module: Experts_0',
      'run.py(1): main',
    ]);
    const modules = [0, 1, 2, 3].map((launch) =>
      rangePath(trace, launch).filter((name) => name.startsWith('nn.Module')),
    );
    expect(modules).toEqual([
      ['nn.Module: Mixer_0'],
      ['nn.Module: Mixer_0'],
      ['nn.Module: Experts_0'],
      [],
    ]);
    expect([...trace.ranges.kind].filter((kind) => kind === MODULE).length).toBe(2);
    const warning = trace.report.warnings.find((w) => w.code === 'unclosed-frames');
    expect(warning?.rows).toBe(1);
  });

  test('HIP: numbers as strings, a replayed graph, correlation 0 links nothing', async () => {
    const trace = await readFixture('hip-graph.json');
    expect([...trace.gpu.launch]).toEqual([0, 1, 1, -1]);
    expect([...trace.gpu.replayed]).toEqual([0, 1, 1, 0]);
    expect(trace.gpu.bytes[0]).toBe(9216);
    expect(trace.lanes.find((l) => l.kind === 'stream')).toMatchObject({ device: 2, id: '0' });
  });

  test('hostile names reach the name table unchanged and one lane each', async () => {
    const name = '<img src=x onerror=alert(1)>\u202e\u001b[31m' + 'k'.repeat(200_000);
    const trace = await readText(
      JSON.stringify([{ ph: 'X', cat: 'kernel', name, pid: 0, tid: 7, ts: 1, dur: 1 }]),
    );
    expect(trace.names.get(trace.gpu.name[0])).toBe(name);
    expect(trace.gpu.correlation[0]).toBeNaN();
    expect(trace.report.missing).toContain('correlation');
  });

  test('a time far from the first is left out and counted: it would cost all others their ns', async () => {
    const row = (ts: number) => ({ ph: 'X', cat: 'kernel', name: 'k', pid: 0, tid: 7, ts, dur: 1 });
    const trace = await readText(JSON.stringify([row(1.7e15), row(0), row(1.7e15 + 5)]));
    expect([...trace.gpu.start]).toEqual([0, 5000]);
    expect(trace.report.warnings.some((w) => w.code === 'damaged-rows' && w.rows === 1)).toBe(true);
  });
});

describe('damaged packing', () => {
  const packed = readFileSync(FIXTURES + 'plain.pt.trace.json.gz');
  const text = gunzipSync(packed);

  test.each([0.02, 0.2, 0.5, 0.8, 0.99])(
    'a gzip cut at %f of its bytes gives every event that unpacks, with a warning',
    async (share) => {
      const cut = packed.subarray(0, Math.floor(packed.length * share));
      const unpacked = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
      // The rows are those of a compact file: one begins behind each of these.
      const begun = unpacked.split(/(?:\[|,)\{"(?:ph":"|name":"[a-z_]+","ph":"M)/).length - 1;
      const trace = await kinetoReader.read(sourceOf('cut.gz', cut), {});
      expect(warningCodes(trace)).toContain('truncated');
      expect(trace.report.rowsInFile).toBe(begun);
      expect(skippedRows(trace)['rows cut off at the end of the file']).toBe(1);
      expect(trace.report.skipped.reduce((sum, s) => sum + s.rows, 0)).toBe(
        trace.report.rowsInFile - trace.report.rowsRead,
      );
    },
  );

  test('JSON cut at any byte gives exactly the events that end before the cut', async () => {
    const small = readFileSync(FIXTURES + 'hip-graph.json', 'utf8');
    const ends = [...small.matchAll(/\}\}/g)].map((m) => m.index + 2);
    let read = 0;
    for (let cut = small.indexOf('"traceEvents":[') + 16; cut < small.length - 3; cut += 3) {
      const complete = ends.filter((end) => end <= cut).length;
      if (complete === 0) {
        await expect(readText(small.slice(0, cut))).rejects.toThrow(TraceOpenError);
        continue;
      }
      const trace = await readText(small.slice(0, cut));
      expect(trace.report.rowsRead).toBe(complete);
      expect(warningCodes(trace)).toContain('truncated');
      read++;
    }
    expect(read).toBeGreaterThan(200);
  });

  const refuses = async (bytes: Uint8Array): Promise<void> => {
    await expect(kinetoReader.read(sourceOf('wrong.gz', bytes), {})).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('have changed') as string,
    });
  };

  test('a changed byte is told by the checksum: such figures are refused', async () => {
    const wrong = Buffer.from(packed);
    wrong[wrong.length - 6] ^= 1;
    await refuses(wrong);
  });

  test('so is damage that unpacks to wrong text without an error', async () => {
    // Names without a pattern, so that few bit sequences are invalid.
    const rows = Array.from({ length: 6000 }, (_, i) => {
      const name = createHash('sha256').update(`${i}`).digest('hex');
      return JSON.stringify({ ph: 'X', cat: 'kernel', name, pid: 0, tid: 7, ts: i, dur: 1 });
    });
    const intact = gzipSync(`{"traceEvents":[${rows.join(',')}]}`);
    expect((await kinetoReader.read(sourceOf('x.gz', intact), {})).gpu.count).toBe(6000);
    for (const damage of [10, 5_000, 150_000]) {
      const wrong = Buffer.from(intact);
      wrong.fill(0xff, damage, damage + 2000);
      await refuses(wrong);
    }
  });

  test('bytes behind the end of the gzip are no harm', async () => {
    const padded = Buffer.concat([packed, Buffer.alloc(1000, 0x20)]);
    const trace = await kinetoReader.read(sourceOf('padded.gz', padded), {});
    expect(warningCodes(trace)).toEqual(['trailing-bytes']);
    expect(trace.report.rowsInFile).toBe(
      plainTrace(FIXTURES + 'plain.pt.trace.json.gz').events.length,
    );
  });

  test('a gzip cut at any byte is told from one whose bytes have changed', async () => {
    // One cut in ten leaves bits that fflate takes for the end of the data.
    const event = (i: number): string =>
      `{"ph":"X","cat":"cpu_op","name":"k${i * 7919}","pid":0,"tid":7,"ts":${i * 10},"dur":${i % 9}}`;
    const rows = Array.from({ length: 400 }, (_, i) => event(i));
    const whole = gzipSync(`{"schemaVersion":1,"traceEvents":[\n${rows.join(',\n')}\n]}`);
    for (let cut = 600; cut < whole.length; cut += 1) {
      const trace = await kinetoReader.read(sourceOf('cut.gz', whole.subarray(0, cut)), {});
      expect(warningCodes(trace), `cut at ${cut}`).toEqual([
        cut < whole.length - 20 ? 'truncated' : expect.stringMatching(/truncated|unchecked/),
      ]);
    }
  });

  test('a line end behind the gzip is no damage', async () => {
    const trace = await kinetoReader.read(
      sourceOf('newline.gz', Buffer.concat([packed, Buffer.from('\n')])),
      {},
    );
    expect(warningCodes(trace)).toContain('unchecked');
  });

  test('each of several members is held to its own checksum', async () => {
    const text = gunzipSync(packed);
    const middle = text.length >> 1;
    // Stored, not compressed: a changed byte then unpacks to a changed byte.
    const first = gzipSync(text.subarray(0, middle), { level: 0 });
    const second = gzipSync(text.subarray(middle), { level: 0 });
    for (const [part, at] of [
      [first, first.lastIndexOf('"dur":') + 6],
      [second, second.indexOf('"dur":') + 6],
    ] as const) {
      const digit = part[at];
      part[at] = digit === 0x31 ? 0x32 : 0x31;
      await expect(
        kinetoReader.read(sourceOf('members.gz', Buffer.concat([first, second])), {}),
      ).rejects.toMatchObject({ code: 'damaged' });
      part[at] = digit;
    }
  });

  test('several gzip members one after the other are one file', async () => {
    const middle = Math.floor(text.length / 2);
    const members = Buffer.concat([
      gzipSync(text.subarray(0, middle)),
      gzipSync(text.subarray(middle)),
    ]);
    const trace = await kinetoReader.read(sourceOf('members.gz', members), {});
    const whole = await readTrace(FIXTURES + 'plain.pt.trace.json.gz');
    expect(trace.report).toEqual(whole.report);
  });
});

describe('what is refused', () => {
  const refusal = async (text: string | Uint8Array): Promise<TraceOpenError> => {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    const error: unknown = await kinetoReader.read(sourceOf('x.json', bytes), {}).catch((e) => e);
    expect(error).toBeInstanceOf(TraceOpenError);
    return error as TraceOpenError;
  };

  test.each([
    ['', 'empty'],
    ['not json', 'not-a-trace'],
    ['{"a":1}', 'not-a-trace'],
    ['{"traceEvents":[]}', 'not-a-trace'],
    ['{"traceEvents":[{"ph":"X","cat":"v8","name":"a","ts":1,"dur":1}]}', 'not-a-trace'],
    ['{"schemaVersion":1,"deviceProp', 'damaged'],
    ['{"schemaVersion":1 "x"', 'damaged'],
    ['{"traceEvents":[1,null,"x"]}', 'damaged'],
  ])('%s', async (text, code) => {
    expect((await refusal(text)).code).toBe(code);
  });

  test('a gzip of nothing', async () => {
    expect((await refusal(gzipSync(Buffer.alloc(0)))).code).toBe('damaged');
  });
});

describe('what tools make of a trace', () => {
  const kernel = (ts: number | string, more: object = {}): object => ({
    ph: 'X',
    cat: 'kernel',
    name: 'k',
    pid: 0,
    tid: 7,
    ts,
    dur: 2,
    args: { device: 0, stream: 7, correlation: 3 },
    ...more,
  });

  test('one broken time at the beginning does not cost all other events', async () => {
    const epoch = 1_790_857_026_000_000;
    const events = [kernel(0), kernel(epoch + 1.5), kernel(epoch), kernel(epoch + 3)];
    const trace = await readText(JSON.stringify({ traceEvents: events }));
    expect([...trace.gpu.start]).toEqual([0, 1500, 3000]);
    expect(trace.clock.originNs).toBe(BigInt(epoch) * 1000n);
    expect(trace.report.rowsInFile).toBe(4);
    expect(skippedRows(trace)).toEqual({
      'rows without a name, time or duration that can be read': 1,
    });
  });

  test('ids that were made doubles link and name lanes as before', async () => {
    const call = kernel(1, { cat: 'cuda_runtime', name: 'cudaLaunchKernel', pid: 5, tid: 5 });
    const asDoubles = JSON.stringify({ traceEvents: [call, kernel(2)] }).replace(
      /"(device|stream|correlation)":(\d+)/g,
      '"$1":$2.0',
    );
    expect(asDoubles).toContain('"stream":7.0');
    const trace = await readText(asDoubles);
    expect([...trace.gpu.launch]).toEqual([0]);
    expect(trace.lanes).toMatchObject([{ id: '5' }, { kind: 'stream', device: 0, id: '7' }]);
  });

  test('bytes behind the JSON are told of', async () => {
    const json = JSON.stringify({ traceEvents: [kernel(1)] });
    expect(warningCodes(await readText(`${json} \n`))).toEqual(['no-launch']);
    const trace = await readText(`${json}\nxyz`);
    expect(trace.report.warnings[0]).toMatchObject({ code: 'trailing-bytes' });
    expect(trace.report.warnings[0].message).toContain('3 bytes');
  });

  test('a byte order mark inside a name is a character of it', async () => {
    const trace = await readText(
      JSON.stringify({ traceEvents: [kernel(1, { name: '\ufeffk' }), kernel(2)] }),
    );
    expect([...trace.gpu.name].map((id) => trace.names.get(id))).toEqual(['\ufeffk', 'k']);
  });
});

describe('reading in pieces', () => {
  test('reports progress by bytes and stops when it is cancelled', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) =>
      JSON.stringify({ ph: 'X', cat: 'kernel', name: `k${i % 7}`, pid: 0, tid: 7, ts: i, dur: 1 }),
    ).join(',\n');
    const big = new TextEncoder().encode(
      `{"traceEvents":[${[rows, rows, rows].join(',')}],"schemaVersion":1}`,
    );
    expect(big.length).toBeGreaterThan(12 << 20);
    const fractions: number[] = [];
    const trace = await kinetoReader.read(sourceOf('big.json', big), {
      progress: ({ fraction }) => fraction !== undefined && fractions.push(fraction),
    });
    expect(trace.gpu.count).toBe(180_000);
    expect(trace.names.size).toBe(8);
    expect(fractions.length).toBeGreaterThan(2);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);

    const abort = new AbortController();
    const reading = kinetoReader.read(sourceOf('big.json', big), {
      signal: abort.signal,
      progress: () => abort.abort(new Error('enough')),
    });
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('detection by content', () => {
  const detect = (text: string): Promise<boolean> => {
    const content = new TextEncoder().encode(text);
    return kinetoReader.detect({
      source: sourceOf('anything.bin', content),
      head: content,
      content,
      gzip: false,
    });
  };

  test.each([
    ['{"schemaVersion": 1, "deviceProperties": [', true],
    ['\ufeff\n {"displayTimeUnit":"ms","traceEvents":[{', true],
    ['[\n{"ph":"X","cat":"kernel"', true],
    ['[1,2,3]', false],
    ['[{"name":"a"}]', false],
    ['{"nodes":[],"schemaVersion":"1.0"}', false],
    ['{"rocprofiler-sdk-tool":[{"metadata":{', false],
    ['SQLite format 3\0', false],
    ['', false],
  ])('%s', async (text, expected) => {
    expect(await detect(text)).toBe(expected);
  });
});
