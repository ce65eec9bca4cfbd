import { build } from 'esbuild';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** ms. A mutant that takes longer hangs. */
const LONGEST = 10_000;

/**
 * @typedef {{ file: string, seed: number, mutation: string, problems: string[] }} Failure
 */

/**
 * Opens mutants of the fixtures, in another process, which can be ended where one hangs.
 *
 * @param {{ seeds: number, from?: number, file?: string, onFailure?: (failure: Failure) => void }} request
 *   `file`: only files whose name contains it
 * @returns {Promise<{ mutants: number, failures: Failure[] }>}
 */
export async function fuzz({ seeds, from = 0, file: only = '', onFailure }) {
  const folder = await mkdtemp(join(tmpdir(), 'layerscope-fuzz-'));
  const outfile = join(folder, 'process.mjs');
  /** @type {Failure[]} */
  const failures = [];
  let mutants = 0;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  try {
    await build({
      entryPoints: ['test/fuzz/process.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'es2022',
      sourcemap: 'inline',
      banner: {
        js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(process.cwd() + '/package.json');",
      },
      define: { __filename: "'process.mjs'", __dirname: "'.'" },
      outfile,
    });
    let started = await start(outfile);
    child = started.child;
    for (const file of started.files.filter((name) => name.includes(only))) {
      for (let seed = from; seed < from + seeds; seed++) {
        const { mutation, problems } = await one(started.child, file, seed);
        mutants++;
        if (problems.length > 0) {
          const failure = { file, seed, mutation, problems };
          failures.push(failure);
          onFailure?.(failure);
        }
        if (problems.includes(HANGS) || problems.includes(ENDED)) {
          started.child.kill('SIGKILL');
          started = await start(outfile);
          child = started.child;
        }
      }
    }
  } finally {
    child?.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
  return { mutants, failures };
}

const ENDED = 'the process ended';
const HANGS = `not done after ${LONGEST / 1000} s`;

/** @param {string} outfile @returns {Promise<{ child: import('node:child_process').ChildProcess, files: string[] }>} */
async function start(outfile) {
  const child = fork(outfile, { execArgv: ['--enable-source-maps'] });
  const [{ files }] = await once(child, 'message');
  return { child, files };
}

/**
 * @param {import('node:child_process').ChildProcess} child @param {string} file @param {number} seed
 * @returns {Promise<{ mutation: string, problems: string[] }>}
 */
function one(child, file, seed) {
  return new Promise((resolve) => {
    let mutation = '(not made)';
    const end = (/** @type {string[]} */ problems) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
      resolve({ mutation, problems });
    };
    const timer = setTimeout(() => end([HANGS]), LONGEST);
    const onMessage = (/** @type {{ mutation?: string, problems?: string[] }} */ message) => {
      mutation = message.mutation ?? mutation;
      if (message.problems !== undefined) {
        end(message.problems);
      }
    };
    const onExit = () => end([ENDED]);
    child.on('message', onMessage).on('exit', onExit);
    child.send({ file, seed });
  });
}
