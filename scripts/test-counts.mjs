// How many tests ran, from the reports that `scripts/test.mjs` leaves, not from what it printed.
//
//   node scripts/test-counts.mjs STEP...   the steps that must have run; exit code 1 unless all is well
//
// The last line is `N passed, N failed`, with `, N skipped` where there are any. A step that did not
// run, a check that failed and a test file that could not be loaded count as one failure each. Before
// the counts stand the tests that failed, and those that failed at first and passed in a second try.
import { readReport, suiteOutcome } from './suite-report.mjs';

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
  const step = readReport(`step.${name}.json`);
  if (step === undefined) {
    return { passed: 0, failed: 1, skipped: 0, text: 'did not run' };
  }
  if (!SUITES.includes(name)) {
    return { passed: 0, failed: step.ok ? 0 : 1, skipped: 0, text: step.ok ? 'ok' : 'failed' };
  }
  const outcome = suiteOutcome(name);
  if (outcome === undefined) {
    return { passed: 0, failed: 1, skipped: 0, text: 'left no report' };
  }
  for (const failure of outcome.failures) {
    console.log(`${name}: FAILED ${failure}`);
  }
  for (const failure of outcome.retried) {
    console.log(`${name}: failed at first ${failure}`);
  }
  // A suite that failed without a failed test (an error outside of tests) is not a success.
  return { ...outcome, failed: outcome.failed === 0 && !step.ok ? 1 : outcome.failed };
}

function inWords({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
