import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNodeSession } from '../../src/session/nodeSession.js';
import { KERNEL, NO_STACK } from '../../src/trace/index.js';
import { expectPlainSql } from '../unit/formats/nsysAgainstSql.js';
import { folderState, openFile, plainSql } from '../unit/formats/reading.js';

const FOLDER = '../shared/traces/public/nsys';
const FILES = readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`);
const MFU = `${FOLDER}/nsysai_mfu_2gpu_before.sqlite`;

it('there are exports of all generations', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(10);
});

describe.each(FILES)('%s', (file) => {
  it('has plain SQL’s rows, sums, links and account, and is left as it was', async () => {
    const before = folderState(file);
    const trace = await openFile(file);
    expect(folderState(file)).toEqual(before);
    expect(trace.format).toBe('nsys');
    await expectPlainSql(file, trace);
  });

  it('says its version and nothing private', async () => {
    const { formatLabel, report } = await openFile(file);
    const [[meta]] = await plainSql(
      file,
      "SELECT max(name) FROM sqlite_schema WHERE name IN ('META_DATA_EXPORT', 'EXPORT_META_DATA')",
    );
    if (meta === null) {
      expect(formatLabel).toBe('Nsight Systems (schema before 2.9)');
    } else {
      const [[version]] = await plainSql(
        file,
        `SELECT value FROM ${String(meta)} WHERE name = 'EXPORT_SCHEMA_VERSION'`,
      );
      expect(formatLabel).toContain(`(schema ${String(version)})`);
    }
    const names = report.facts.map(({ name }) => name);
    const known = ['GPU', 'Driver', 'CUDA driver', 'Nsight Systems', 'Export schema'];
    expect(names.filter((name) => !known.includes(name)).sort()).toEqual(
      names.filter((name) => /^(CUDA graphs recorded as|Recording started)$/.test(name)).sort(),
    );
  });

  it('answers every view, and its own tables', async () => {
    const session = createNodeSession();
    try {
      await session.open([file]);
      const trace = await openFile(file);
      const count = async (sql: string) => (await session.query({ sql })).rows[0][0];
      expect(await count('SELECT count(*) FROM launches')).toBe(trace.launches.count);
      expect(await count('SELECT count(*) FROM ranges')).toBe(trace.ranges.count);
      expect(await count('SELECT count(*) FROM host_events')).toBe(trace.host.count);
      expect(
        await count('SELECT (SELECT count(*) FROM kernels) + (SELECT count(*) FROM memory_ops)'),
      ).toBe(trace.gpu.count);
      for (const view of ['collectives', 'calls', 'layers', 'steps', 'stalls', 'threads']) {
        expect(Number(await count(`SELECT count(*) FROM ${view}`))).toBeGreaterThanOrEqual(0);
      }
      const [[strings]] = await plainSql(file, 'SELECT count(*) FROM StringIds');
      expect(await count('SELECT count(*) FROM StringIds')).toBe(strings);
      const decomposed = await session.decompose({ by: 'layer-type' });
      expect(decomposed.rows.reduce((sum, row) => sum + row.calls, 0)).toBe(trace.gpu.count);
    } finally {
      await session.close();
    }
  });
});

it('kernels get their operator through their launch, within their process', async () => {
  const { gpu, launches, ranges, names, report } = await openFile(MFU);
  const operators = new Map<string, number>();
  let inside = 0;
  for (let i = 0; i < gpu.count; i++) {
    const range = gpu.launch[i] < 0 ? -1 : launches.range[gpu.launch[i]];
    if (gpu.kind[i] === KERNEL && range >= 0) {
      inside++;
      const name = names.get(ranges.name[range]);
      operators.set(name, (operators.get(name) ?? 0) + 1);
    }
  }
  // Counted once with SQL over the file, by the thread and the time of the launch.
  expect([inside, operators.get('aten::copy_'), operators.get('aten::addmm')]).toEqual([
    3986, 1816, 335,
  ]);
  const [[wrong]] = await plainSql(
    MFU,
    `SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN CUPTI_ACTIVITY_KIND_RUNTIME r USING (correlationId)
     WHERE (r.globalTid >> 24) <> (k.globalPid >> 24)`,
  );
  expect(Number(wrong)).toBeGreaterThan(0);
  expect(report.warnings.map(({ code }) => code)).toContain('trimmed-window');
});

it.each([
  [`${FOLDER}/pipit_saxpy_mpi.sqlite`, 38],
  [`${FOLDER}/extrap_callchains_s1000.sqlite`, 18],
])('%s: every stack holds its own API call', async (file, stacks) => {
  const { launches, stacks: table, names } = await openFile(file);
  const withStack = Array.from(launches.stack.keys()).filter((i) => launches.stack[i] > NO_STACK);
  expect(withStack.length).toBe(stacks);
  for (const i of withStack) {
    const functions = [...table.stacks[launches.stack[i]]].map((id) => table.frames[id].function);
    const api = names.get(launches.name[i]);
    expect(functions.some((name) => name.replace(/_v\d+$/, '') === api)).toBe(true);
  }
});
