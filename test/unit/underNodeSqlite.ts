import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../scripts/setup/cache.mjs';
import { nodeSqlite } from '../../src/sqlite/nodeSqliteEngine.js';

/**
 * Tests that need `node:sqlite`: defined here where this Node has it, else run by the Node that the
 * set-up installs for its VS Code; skipped, with the reason, only where there is neither.
 *
 * @param project of vitest.config.ts
 * @param file the test file that calls this, from the project's folder
 */
export function underNodeSqlite(
  project: 'unit' | 'corpus',
  file: string,
  define: () => void,
): void {
  if (nodeSqlite() !== undefined) {
    define();
    return;
  }
  const other = nodeOfSetUp();
  if (other === undefined) {
    it.skip(
      `needs node:sqlite: Node ${process.version} lacks it, and \`node scripts/setup.mjs\` has not installed another`,
    );
    return;
  }
  it(`passes under the Node ${execFileSync(other, ['--version'], { encoding: 'utf8' }).trim()} of the set-up`, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'layerscope-vitest-'));
    const report = path.join(folder, 'report.json');
    try {
      const said = await output(other, [
        path.join('node_modules', 'vitest', 'vitest.mjs'),
        ...['run', '--project', project, file, '--reporter=json', `--outputFile=${report}`],
      ]);
      const { numPassedTests, testResults } = JSON.parse(
        existsSync(report) ? readFileSync(report, 'utf8') : '{"testResults":[]}',
      ) as Report;
      const failures = testResults.flatMap((result) => [
        ...(result.status === 'failed' && result.assertionResults.length === 0
          ? [result.message]
          : []),
        ...result.assertionResults
          .filter(({ status }) => status !== 'passed')
          .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages.join('\n')}`),
      ]);
      expect(failures, said).toEqual([]);
      expect(numPassedTests, said).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 280_000);
}

interface Report {
  readonly numPassedTests?: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The Node that `scripts/setup.mjs` installs to run code-server; undefined where it was not run. */
export function nodeOfSetUp(): string | undefined {
  const node = path.join(
    cacheFolder(),
    ...['vscode', 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node'],
  );
  return existsSync(node) ? node : undefined;
}

/** What a program wrote, however it ended. */
function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}
