// One attribution by the built command line, weighed by the judge of ../shared/tools.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const MOST_OUTPUT = 2 ** 30;

/**
 * Shares of GPU time in percent, as the judge rounds them.
 *
 * @typedef {object} Score
 * @property {string} model
 * @property {string} variant
 * @property {number} type       given the right layer type
 * @property {number | null} index given the right layer index; null where no event of the truth has one
 * @property {number} wrong      given a wrong type
 * @property {number} wrongIndex given a wrong index
 * @property {number} unclassified
 * @property {number | null} precision right / (right + wrong)
 * @property {number} missing    events of the truth that the answer does not have
 * @property {string} note       '' or how the two were matched
 * @property {readonly string[]} worst what was taken for what, by time
 * @property {number} seconds    what attributing took, opening the trace included
 */

/**
 * @param {import('./recordings.mjs').Run} run
 * @param {{ cli: string, judge: string }} tools
 * @returns {Promise<Score>}
 */
export async function scoreRun(run, { cli, judge }) {
  const unpacked = mkdtempSync(join(tmpdir(), 'layerscope-score-'));
  try {
    const args = ['attribute', readable(run.trace, unpacked)];
    if (run.config !== null) {
      args.push('--model', run.config);
    }
    if (run.companion !== null) {
      args.push('--companion', readable(run.companion, unpacked));
    }
    const began = Date.now();
    const answer = await node([cli, ...args], '');
    const seconds = (Date.now() - began) / 1000;
    let note = '';
    let verdict = await judged(judge, run.truth, answer);
    if (verdict.missing_rows_pct > 50) {
      const inOrder = matchedByOrder(answer, readText(run.truth));
      if (inOrder !== null) {
        verdict = await judged(judge, run.truth, inOrder);
        note = 'another recording than its truth: matched by order';
      }
    }
    return {
      model: run.model,
      variant: run.variant,
      type: verdict.type_right_pct,
      index: verdict.layer_index_right_pct,
      wrong: verdict.type_wrong_pct,
      wrongIndex: verdict.layer_index_wrong_pct,
      unclassified: verdict.unclassified_pct,
      precision: verdict.type_precision_pct,
      missing: verdict.missing_rows_pct,
      note,
      worst: verdict.worst,
      seconds,
    };
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/**
 * The answer with the times of the truth, row by row in the order of time; null where the two do not
 * hold the same kernels in the same order.
 *
 * @param {string} answer TSV of `layerscope attribute`
 * @param {string} truth  TSV
 */
export function matchedByOrder(answer, truth) {
  const own = table(answer);
  const true_ = table(truth);
  const byTime = (rows, column) => rows.toSorted((a, b) => Number(a[column]) - Number(b[column]));
  const ownTime = own.head.indexOf('ts_us');
  const ownName = own.head.indexOf('name');
  const trueTime = true_.head.indexOf('ts_us');
  const trueName = true_.head.indexOf('name');
  const ownRows = byTime(own.rows, ownTime);
  const trueRows = byTime(true_.rows, trueTime);
  if (
    ownRows.length !== trueRows.length ||
    ownRows.some((row, i) => row[ownName] !== trueRows[i][trueName])
  ) {
    return null;
  }
  const rows = ownRows.map((row, i) => row.with(ownTime, trueRows[i][trueTime]));
  return `${[own.head, ...rows].map((row) => row.join('\t')).join('\n')}\n`;
}

function table(text) {
  const [head, ...rows] = text.split('\n').filter((line) => line !== '');
  return { head: head.split('\t'), rows: rows.map((line) => line.split('\t')) };
}

async function judged(judge, truth, answer) {
  return JSON.parse(await node([judge, truth, '--json'], answer));
}

/** A path that the command line reads: no reader knows xz, so such a file is unpacked first. */
function readable(path, folder) {
  if (!path.endsWith('.xz')) {
    return path;
  }
  const plain = join(folder, basename(path, '.xz'));
  writeFileSync(plain, unxz(path));
  return plain;
}

function readText(path) {
  if (path.endsWith('.xz')) {
    return unxz(path).toString();
  }
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}

function unxz(path) {
  return execFileSync('xz', ['-dc', path], { maxBuffer: MOST_OUTPUT });
}

/** Standard output of a Node script. @throws Error with what it said where it failed */
export function node(args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out = [];
    const said = [];
    child.stdout.on('data', (part) => out.push(part));
    child.stderr.on('data', (part) => said.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) {
        resolve(Buffer.concat(out).toString());
      } else {
        const words = Buffer.concat(said).toString().trim();
        reject(new Error(`${basename(args[0])} ended with ${code}: ${words}`));
      }
    });
    child.stdin.on('error', reject);
    child.stdin.end(input);
  });
}
