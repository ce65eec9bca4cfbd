import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import initSqlJs from 'sql.js';

/** A frame as a flat `events` table stores it, with the path of the machine that recorded it. */
interface Frame {
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

/** Where the three stalls of the trace came from; lines count from 1. */
export interface StallTrace {
  /** in one file of the workspace */
  readonly found: Frame;
  /** as good a match for two files of the workspace */
  readonly ambiguous: Frame;
  /** in no file of the workspace */
  readonly missing: Frame;
}

/** µs lost, far apart, so that the order of the list is known: found, ambiguous, missing. */
export const STALLS_US = { found: 12_400, ambiguous: 8_100, missing: 4_200 } as const;

const MODEL_ROOT = '/srv/engine/releases/41';

/**
 * Writes a flat trace of three kernels, 200 calls each, into a workspace. One call of each kernel is a
 * stall, with a stack into model code; the paths are those of another machine. A fourth kernel, which
 * nobody knows, never stalls.
 */
export async function writeStallTrace(path: string, workspace: string): Promise<StallTrace> {
  const trace: StallTrace = {
    found: frameAt(workspace, 'model/moe.py', 'dist.all_to_all_single(received', 'forward'),
    ambiguous: {
      ...frameAt(workspace, 'replica_a/serving/router.py', 'return torch.topk', 'choose_experts'),
      file: `${MODEL_ROOT}/serving/router.py`,
    },
    missing: { file: `${MODEL_ROOT}/serving/batch_planner.py`, line: 88, function: 'plan' },
  };
  const kernels = [
    { name: 'ncclDevKernel_AllToAll', usual: 180, stall: STALLS_US.found, frame: trace.found },
    { name: 'moe_topk_gating', usual: 60, stall: STALLS_US.ambiguous, frame: trace.ambiguous },
    {
      name: 'selective_scan_fwd_kernel',
      usual: 42,
      stall: STALLS_US.missing,
      frame: trace.missing,
    },
    { name: 'wobble_mix', usual: 10 },
  ];
  const sql = await initSqlJs();
  const db = new sql.Database();
  db.run(`CREATE TABLE events (
    id INTEGER PRIMARY KEY, timestamp INTEGER, source TEXT, name TEXT, duration_us REAL,
    pid INTEGER, tid INTEGER, gpu_id INTEGER, stream INTEGER, stack TEXT)`);
  const insert = db.prepare(
    `INSERT INTO events (timestamp, source, name, duration_us, pid, tid, gpu_id, stream, stack)
     VALUES (1790000000000000000 + ?, 'cuda', ?, ?, 100, 100, 0, 7, ?)`,
  );
  let at = 0;
  for (let call = 0; call < 200; call++) {
    for (const kernel of kernels) {
      const stalls = call === 120 && kernel.stall !== undefined;
      const duration = stalls ? kernel.stall : kernel.usual;
      insert.run([at, kernel.name, duration, JSON.stringify(stalls ? [kernel.frame] : [])]);
      at += duration * 1000 + 5000;
    }
  }
  insert.free();
  writeFileSync(path, db.export());
  db.close();
  return trace;
}

function frameAt(workspace: string, file: string, text: string, name: string): Frame {
  const lines = readFileSync(join(workspace, file), 'utf8').split('\n');
  const line = lines.findIndex((content) => content.includes(text)) + 1;
  if (line === 0) {
    throw new Error(`${file} has no line with "${text}".`);
  }
  return { file: `${MODEL_ROOT}/${file}`, line, function: name };
}
