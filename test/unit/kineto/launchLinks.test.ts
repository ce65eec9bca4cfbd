import { describe, expect, test } from 'vitest';
import type { Trace } from '../../../src/trace/index.js';
import { readText, warningCodes } from './readFixture.js';

/** A call of a process and the kernel it launched, as Kineto writes them. */
function launch(
  process: number,
  device: number,
  correlation: number,
  { call = true, name = 'cudaLaunchKernel' } = {},
): object[] {
  const ts = 1000 + correlation * 10;
  const api = {
    ph: 'X',
    cat: 'cuda_runtime',
    name,
    pid: process,
    tid: process,
    ts,
    dur: 2,
    args: { correlation },
  };
  const kernel = {
    ph: 'X',
    cat: 'kernel',
    name: `k${correlation} of ${process}`,
    pid: device,
    tid: 7,
    ts: ts + 5,
    dur: 4,
    args: { device, stream: 7, correlation },
  };
  return call ? [api, kernel] : [kernel];
}

function read(...events: object[][]): Promise<Trace> {
  return readText(JSON.stringify({ schemaVersion: 1, traceEvents: events.flat() }));
}

/** Process of the call each kernel is linked to, by the kernel's name; '' where it is linked to none. */
function processOfKernels({ gpu, launches, lanes, names }: Trace): Record<string, string> {
  return Object.fromEntries(
    [...gpu.launch].map((call, i) => [
      names.get(gpu.name[i]),
      call < 0 ? '' : lanes[launches.lane[call]].process,
    ]),
  );
}

describe('correlation ids are counted by each process', () => {
  test('a device belongs to the process whose calls explain its kernels', async () => {
    const trace = await read(
      launch(100, 0, 1),
      launch(100, 0, 2),
      launch(100, 0, 3),
      launch(200, 1, 2),
      launch(200, 1, 3),
      launch(200, 1, 4),
    );
    expect(processOfKernels(trace)).toEqual({
      'k1 of 100': '100',
      'k2 of 100': '100',
      'k3 of 100': '100',
      'k2 of 200': '200',
      'k3 of 200': '200',
      'k4 of 200': '200',
    });
    expect(warningCodes(trace)).toEqual([]);
  });

  test("a kernel whose own call is missing does not take another process's", async () => {
    const trace = await read(
      launch(100, 0, 1),
      launch(100, 0, 2),
      launch(200, 1, 2, { call: false }),
      ...Array.from({ length: 30 }, (_, i) => launch(200, 1, 10 + i)),
    );
    expect(processOfKernels(trace)).toMatchObject({ 'k2 of 100': '100', 'k2 of 200': '' });
    expect(warningCodes(trace)).toEqual(['no-launch']);
  });

  test('where nothing tells the processes apart no kernel is linked, and that is said', async () => {
    const trace = await read(
      launch(100, 0, 1),
      launch(100, 0, 2),
      launch(200, 1, 1),
      launch(200, 1, 2),
    );
    expect([...trace.gpu.launch]).toEqual([-1, -1, -1, -1]);
    expect(trace.report.warnings).toMatchObject([{ code: 'ambiguous-launch', rows: 4 }]);
  });

  test('calls that launch nothing are no rivals', async () => {
    const other = launch(200, 0, 1, { name: 'cudaStreamIsCapturing' }).slice(0, 1);
    const trace = await read(launch(100, 0, 1), other);
    expect(processOfKernels(trace)).toEqual({ 'k1 of 100': '100' });
    expect(warningCodes(trace)).toEqual([]);
  });

  test('several kernels of one id without a graph are all linked, none as replayed', async () => {
    const [call, kernel] = launch(100, 0, 1);
    const trace = await read([call, kernel, { ...kernel, ts: 2000 }, { ...kernel, ts: 3000 }]);
    expect([...trace.gpu.launch]).toEqual([0, 0, 0]);
    expect([...trace.gpu.replayed]).toEqual([0, 0, 0]);
  });
});
