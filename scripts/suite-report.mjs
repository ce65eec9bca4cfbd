// What a suite did, from the reports that Vitest leaves in test-results/: NAME.json, and
// NAME.first.json where some of its files had a second try.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

export const results = join(root, 'test-results');

/** @returns {any} a report, or undefined where there is none */
export function readReport(file) {
  const path = join(results, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** @returns {string[]} absolute paths of the files of a report that failed */
export function failedFiles(report) {
  return report.testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/**
 * @returns {{passed: number, failed: number, skipped: number, failures: string[], retried: string[]} | undefined}
 *   undefined where the suite left no report. A file that could not be loaded is one failure. Files that
 *   had a second try count as that went; `retried` says what failed in the first.
 */
export function suiteOutcome(name) {
  const last = readReport(`${name}.json`);
  if (last === undefined) {
    return undefined;
  }
  const first = readReport(`${name}.first.json`);
  const again = new Set(first === undefined ? [] : failedFiles(first));
  const missing = [...again].filter((file) => !last.testResults.some(({ name }) => name === file));
  const kept = first?.testResults.filter(({ name }) => !again.has(name)) ?? [];
  const files = [...kept, ...last.testResults];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const failures = [
    ...files.flatMap(failuresOf),
    ...missing.map((file) => `${inProject(file)}: had no second try`),
  ];
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failures.length,
    skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').length,
    failures,
    retried: first?.testResults.flatMap(failuresOf) ?? [],
  };
}

/** A line for every test of a file that failed, or one for the file where none of its tests did. */
function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (status === 'failed' && failed.length === 0) {
    return [`${inProject(name)}: ${firstLine(message)}`];
  }
  return failed.map(
    ({ fullName, failureMessages }) =>
      `${inProject(name)} > ${fullName}: ${firstLine(failureMessages[0])}`,
  );
}

const firstLine = (text) => (text ?? '').split('\n', 1)[0].slice(0, 300);
const inProject = (path) => path.replace(`${root}/`, '');
