// Weighs `layerscope attribute` against the recorded truth, in every variant of every recording.
//
//   npm run score                       ../shared/traces/h200, one table
//   npm run score -- FOLDER...          these folders, too
//   npm run score -- --only REGEX       runs whose "model variant" matches
//   npm run score -- --json             the figures as JSON
//   npm run score -- --check            ends with 1 where a run is below its bar or its floor
//   npm run score -- --write-floors     raises test/corpus/score-floors.json: what no change may fall below
//   npm run score -- --write-floors --lower   lowers them, too: say in the commit why that is right
//   npm run score -- --docs             the table of docs/attribution.md, with today's date
//   npm run score -- --jobs N           attributions at a time, 2 where nothing is said
//
// It runs the built command line (`npm run build`) and the judge of ../shared/tools.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareWithFloors, floorsOf } from './score/floors.mjs';
import { findRuns } from './score/recordings.mjs';
import { node, scoreRun } from './score/run.mjs';
import { markdownScores, meetsBar, scoreTable } from './score/tables.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const RECORDINGS = join(root, '../shared/traces/h200');
const JUDGE = join(root, '../shared/tools/score-attribution.mjs');
const CLI = join(root, 'dist/cli.js');
const FLOORS = join(root, 'test/corpus/score-floors.json');
const DOCS = join(root, 'docs/attribution.md');
const BEGIN = '<!-- measured: written by npm run score -- --docs -->';
const END = '<!-- measured: end -->';

const { values: options, positionals: extraFolders } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    json: { type: 'boolean' },
    check: { type: 'boolean' },
    'write-floors': { type: 'boolean' },
    lower: { type: 'boolean' },
    docs: { type: 'boolean' },
    jobs: { type: 'string', default: '2' },
  },
});

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function main() {
  for (const [path, advice] of [
    [CLI, 'Run `npm run build` first.'],
    [JUDGE, 'The judge lies beside the repository, in ../shared.'],
  ]) {
    if (!existsSync(path)) {
      throw new Error(`${path} is missing. ${advice}`);
    }
  }
  if (options.only !== undefined && (options['write-floors'] || options.docs)) {
    throw new Error('--only leaves runs out: floors and the table of the docs are made of all.');
  }
  const help = await node([CLI, 'attribute', '--help'], '');
  const can = { model: help.includes('--model'), companion: help.includes('--companion') };
  const wanted = new RegExp(options.only ?? '');
  const configs = [join(root, 'samples')];
  const runs = findRuns(
    [RECORDINGS, ...extraFolders.map((folder) => resolve(folder))],
    can,
    configs,
  ).filter((run) => wanted.test(`${run.model} ${run.variant}`));
  if (runs.length === 0) {
    throw new Error('There is nothing to score: no truth file with a trace beside it.');
  }

  const { scores, failures } = await scoreAll(runs, Number(options.jobs));
  const guarded = scores.filter((_, i) => runs[i].truth.startsWith(RECORDINGS));
  const floors = existsSync(FLOORS) ? JSON.parse(readFileSync(FLOORS, 'utf8')) : {};
  const { fallen, risen } = compareWithFloors(guarded, floors);
  const below = scores.filter((score) => meetsBar(score) === false);

  if (options.json) {
    console.log(JSON.stringify({ scores, fallen, risen, failures }, null, 2));
  } else {
    say(scores, { fallen, risen, below, failures, can });
  }
  if (failures.length > 0) {
    return 1;
  }
  if (options['write-floors']) {
    const kept = options.lower ? {} : floors;
    writeFileSync(FLOORS, `${JSON.stringify(floorsOf(guarded, kept), null, 2)}\n`);
  }
  if (options.docs) {
    writeDocs(scores);
  }
  return options.check && (below.length > 0 || fallen.length > 0) ? 1 : 0;
}

/** Scores in the order of `runs`, a few at a time. A run that fails is told and left out. */
async function scoreAll(runs, jobs) {
  const results = new Array(runs.length);
  const failures = [];
  let next = 0;
  const worker = async () => {
    while (next < runs.length) {
      const i = next++;
      const name = `${runs[i].model}, ${runs[i].variant}`;
      if (process.stderr.isTTY) {
        process.stderr.write(`\r\x1b[2K${i + 1} of ${runs.length}: ${name}`);
      }
      try {
        results[i] = await scoreRun(runs[i], { cli: CLI, judge: JUDGE });
      } catch (error) {
        failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  if (process.stderr.isTTY) {
    process.stderr.write('\r\x1b[2K');
  }
  for (let i = runs.length - 1; i >= 0; i--) {
    if (results[i] === undefined) {
      runs.splice(i, 1);
      results.splice(i, 1);
    }
  }
  return { scores: results, failures };
}

function say(scores, { fallen, risen, below, failures, can }) {
  process.stdout.write(scoreTable(scores));
  console.log('\nShare of GPU time in percent; the bars are those of ../shared/attribution.md.');
  const list = (heading, sentences) => {
    if (sentences.length > 0) {
      console.log(`\n${heading}\n${sentences.map((sentence) => `  ${sentence}`).join('\n')}`);
    }
  };
  if (!can.companion) {
    console.log('`layerscope attribute` has no --companion: those runs are left out.');
  }
  list('Failed:', failures);
  list(
    'Below the bar, and what was taken for what:',
    below.map((s) => `${s.model}, ${s.variant}: ${s.worst.slice(0, 4).join(', ')}`),
  );
  list('Below their floor:', fallen);
  list('Above their floor (raise it with --write-floors):', risen);
}

/** Puts the table between its markers. @throws Error where the page has no markers */
function writeDocs(scores) {
  const page = readFileSync(DOCS, 'utf8');
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) {
    throw new Error(`${DOCS} has no markers '${BEGIN}' and '${END}'.`);
  }
  const today = new Date().toISOString().slice(0, 10);
  const text = [
    BEGIN,
    '',
    `${today}, percent of GPU time, right type / right layer index.`,
    '',
    markdownScores(scores),
    '',
    '',
  ].join('\n');
  writeFileSync(DOCS, page.slice(0, from) + text + page.slice(to));
}
