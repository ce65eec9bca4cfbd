// How many tests ran, from the reports that `scripts/test.mjs` leaves, not from what it printed.
//
//   node scripts/test-counts.mjs STEP...   the steps that must have run; exit code 1 unless all is well
//
// The last line is `N passed, N failed`, with `, N skipped` where there are any. A step that did not
// run, a check that failed and a test file that could not be loaded count as one failure each.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const SUITES = ['unit', 'e2e', 'corpus'];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of process.argv.slice(2)) {
  const counts = countsOf(name);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  console.log(`${name}: ${counts.text ?? inWords(counts)}`);
}
console.log(inWords(total));
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function countsOf(name) {
  const step = read(`step.${name}.json`);
  if (step === undefined) {
    return { passed: 0, failed: 1, skipped: 0, text: 'did not run' };
  }
  if (!SUITES.includes(name)) {
    return { passed: 0, failed: step.ok ? 0 : 1, skipped: 0, text: step.ok ? 'ok' : 'failed' };
  }
  const report = read(`${name}.json`);
  if (report === undefined) {
    return { passed: 0, failed: 1, skipped: 0, text: 'left no report' };
  }
  const unloaded = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + unloaded;
  return {
    passed: report.numPassedTests,
    // A suite that failed without a failed test (an error outside of tests) is not a success.
    failed: failed === 0 && !step.ok ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function read(file) {
  const path = join(root, 'test-results', file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
