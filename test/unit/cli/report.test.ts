import { expect, it } from 'vitest';
import { createNodeSession } from '../../../src/session/nodeSession.js';
import type { TraceReport } from '../../../src/trace/index.js';
import { openFile } from '../formats/reading.js';
import { runInProcess } from './runInProcess.js';

const FILES = [
  'test/fixtures/flat/awkward.db',
  'test/fixtures/ingero/plain_0.8.db',
  'test/fixtures/nsys/two_processes_3.25.sqlite',
  'test/fixtures/rocpd/merged_3.0.2.db',
  'test/fixtures/rpd/serving.rpd',
  'test/fixtures/kineto/control-characters.json',
  'test/fixtures/broken/live.db',
];

interface Info {
  readonly rows: {
    readonly in_file: number;
    readonly read: number;
    readonly counted: number | null;
    readonly skipped: TraceReport['skipped'];
    readonly counted_by_name: TraceReport['countedByName'];
  };
  readonly missing: TraceReport['missing'];
  readonly warnings: TraceReport['warnings'];
  readonly facts: TraceReport['facts'];
  readonly population: object;
}

it.each(FILES)('%s: the editor and `info` show one report, the reader’s', async (file) => {
  const { report } = await openFile(file);
  // What the editor shows is the summary of its session.
  const session = createNodeSession();
  try {
    const summary = await session.open([file]);
    const { population } = await session.decompose({ by: 'layer-type' });
    expect(summary.report).toEqual(report);
    const info = JSON.parse((await runInProcess('info', file, '--format', 'json')).out) as Info;
    expect(info.rows).toEqual({
      in_file: report.rowsInFile,
      read: report.rowsRead,
      counted: report.rowsCounted,
      counted_by_name: report.countedByName ?? [],
      skipped: report.skipped,
    });
    expect([info.missing, info.warnings, info.facts]).toEqual([
      report.missing,
      report.warnings,
      report.facts,
    ]);
    expect(info.population).toEqual(population);
    const text = (await runInProcess('info', file)).out;
    for (const { message } of report.warnings) {
      expect(text).toContain(message);
    }
    for (const { reason } of report.skipped) {
      expect(text).toContain(reason);
    }
  } finally {
    await session.close();
  }
});
