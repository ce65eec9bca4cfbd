// Runs one program of the machine and says plainly when it fails.
import { spawn, spawnSync } from 'node:child_process';

/** A failure whose message is the sentence a person reads; no stack trace is printed for it. */
export class SetupError extends Error {}

/**
 * Runs a program with its output on this terminal.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<void>}
 * @throws {SetupError} when it cannot be started or ends with another code than 0
 */
export async function run(program, args, options = {}) {
  const code = await exitCode(program, args, options);
  if (code !== 0) {
    throw new SetupError(`\`${[program, ...args].join(' ')}\` ended with code ${code}.`);
  }
}

/**
 * Like `run`, but answers with the exit code.
 * @returns {Promise<number>}
 * @throws {SetupError} when the program cannot be started
 */
export function exitCode(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    child.on('error', (error) =>
      reject(new SetupError(`\`${program}\` cannot be started: ${error.message}`)),
    );
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

/**
 * What a program prints, or undefined where it is missing or fails: for questions about the machine.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string | undefined}
 */
export function answerOf(program, args, options = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', stdio: 'pipe', ...options });
  return done.status === 0 ? String(done.stdout).trim() : undefined;
}

/**
 * Runs the main function of a script: a SetupError becomes one sentence and exit code 1.
 * @param {() => Promise<number | void>} main answers with the exit code
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) {
      throw error;
    }
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
