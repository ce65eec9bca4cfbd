// `npm test` and its parts. Every step runs even where an earlier one failed, so that one run shows
// everything that is wrong; each leaves test-results/step.NAME.json, a suite also NAME.json.
//
//   node scripts/test.mjs                  check, lint, package, unit, e2e, demo
//   node scripts/test.mjs unit corpus ...  only these
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, runMain, SetupError } from './setup/command.mjs';
import { makeVsix } from './package.mjs';
import { root, setUp } from './setup.mjs';
import { failedFiles, readReport, results } from './suite-report.mjs';

const node = (...args) => exitCode(process.execPath, args, { cwd: root });
const tool = (name, ...args) => node(join('node_modules', ...name.split('/')), ...args);

/** In the order they run. Each answers with an exit code. */
const STEPS = {
  check: () => allOf([() => typeCheck('.'), () => typeCheck('webview'), () => typeCheck('test')]),
  lint: () =>
    allOf([
      () => tool('eslint/bin/eslint.js', '.'),
      () => tool('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
    ]),
  package: async () => {
    await makeVsix();
    return 0;
  },
  unit: () => suite('unit'),
  // One window at a time: two browsers and two servers would only wait for each other.
  e2e: () => suiteWithSecondTry('e2e', '--no-file-parallelism'),
  demo: () => node(join('scripts', 'demo.mjs'), '--check'),
  corpus: () => suite('corpus'),
};
const NPM_TEST = ['check', 'lint', 'package', 'unit', 'e2e', 'demo'];

/** Suites that run what was built and packaged. */
const NEEDS_PACKAGE = ['unit', 'e2e', 'corpus'];

await runMain(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(name in STEPS));
  if (unknown.length > 0) {
    throw new SetupError(
      `There is no step ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}.`,
    );
  }
  const wanted = new Set(asked.length > 0 ? asked : NPM_TEST);
  if (NEEDS_PACKAGE.some((name) => wanted.has(name))) {
    wanted.add('package');
  }
  await setUp({ vscode: wanted.has('e2e') || wanted.has('demo') });

  mkdirSync(results, { recursive: true });
  const outcomes = [];
  for (const [name, step] of Object.entries(STEPS)) {
    if (wanted.has(name)) {
      outcomes.push(await take(name, step));
    }
  }
  console.log('');
  for (const { name, ok, seconds } of outcomes) {
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(0)} s)`);
  }
  return outcomes.every((outcome) => outcome.ok) ? 0 : 1;
});

async function take(name, step) {
  console.log(`\n--- ${name}`);
  for (const report of [`${name}.json`, `${name}.first.json`]) {
    rmSync(join(results, report), { force: true });
  }
  const began = Date.now();
  const ok = await step().then(
    (code) => code === 0,
    (error) => {
      console.error(error instanceof SetupError ? error.message : error);
      return false;
    },
  );
  const outcome = { name, ok, seconds: (Date.now() - began) / 1000 };
  writeFileSync(join(results, `step.${name}.json`), JSON.stringify(outcome));
  return outcome;
}

async function allOf(commands) {
  let worst = 0;
  for (const command of commands) {
    worst = Math.max(worst, await command());
  }
  return worst;
}

function typeCheck(project) {
  return tool('typescript/bin/tsc', '--noEmit', '-p', project);
}

function suite(name, ...flags) {
  return tool(
    'vitest/vitest.mjs',
    ...['run', '--project', name, ...flags],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=test-results/${name}.json`],
  );
}

/**
 * A browser in front of a server on a busy machine sometimes loses a click. Files that failed run once
 * more, each from its start; scripts/test-counts.mjs names what failed at first.
 */
async function suiteWithSecondTry(name, ...flags) {
  const code = await suite(name, ...flags);
  const report = readReport(`${name}.json`);
  const failed = code === 0 || report === undefined ? [] : failedFiles(report);
  if (failed.length === 0) {
    return code;
  }
  console.log(`\n--- ${name}, second try of ${failed.length} of its files`);
  renameSync(join(results, `${name}.json`), join(results, `${name}.first.json`));
  return await suite(name, ...flags, ...failed);
}
