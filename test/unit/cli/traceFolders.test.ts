import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { traceFiles } from '../../../src/cli/traceFolders.js';
import { TraceOpenError } from '../../../src/trace/index.js';

const folder = mkdtempSync(join(tmpdir(), 'layerscope-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a folder on the command line', () => {
  it('stands for the traces directly in it, by name', async () => {
    for (const name of [
      'rank1.pt.trace.json.gz',
      'rank0.pt.trace.json.gz',
      'x.config.json',
      'a.md',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    mkdirSync(join(folder, 'older'));
    expect(await traceFiles(['other.db', folder])).toEqual([
      'other.db',
      join(folder, 'rank0.pt.trace.json.gz'),
      join(folder, 'rank1.pt.trace.json.gz'),
    ]);
  });

  it('without a trace is refused', async () => {
    await expect(traceFiles([join(folder, 'older')])).rejects.toThrow(TraceOpenError);
  });

  it('that does not exist is left to be opened, which says so', async () => {
    expect(await traceFiles([join(folder, 'gone')])).toEqual([join(folder, 'gone')]);
  });
});
