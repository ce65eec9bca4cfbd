import { writeFileSync } from 'node:fs';
import initSqlJs from 'sql.js';

/** Calls of a mixer that every rule knows, and of two kernels that none does. */
const KERNELS = [
  { name: 'selective_scan_fwd_kernel', calls: 300, us: 40 },
  { name: 'wobble_mix<float, 4>(int*)', calls: 200, us: 30 },
  { name: 'wobble_out', calls: 250, us: 10 },
];

/** Writes a flat trace of them: 58.5 % of its time is Mamba, the rest nobody knows. */
export async function writeUnknownKernels(path: string): Promise<void> {
  const sql = await initSqlJs();
  const db = new sql.Database();
  db.run(`CREATE TABLE events (
    id INTEGER PRIMARY KEY, timestamp INTEGER, source TEXT, name TEXT, duration_us REAL,
    pid INTEGER, tid INTEGER, gpu_id INTEGER, stream INTEGER, stack TEXT)`);
  const insert = db.prepare(
    `INSERT INTO events (timestamp, source, name, duration_us, pid, tid, gpu_id, stream, stack)
     VALUES (1790000000000000000 + ?, 'cuda', ?, ?, 100, 100, 0, 7, '[]')`,
  );
  let at = 0;
  for (let round = 0; round < 300; round++) {
    for (const { name, calls, us } of KERNELS) {
      if (round < calls) {
        insert.run([at, name, us]);
        at += us * 1000 + 5000;
      }
    }
  }
  insert.free();
  writeFileSync(path, db.export());
  db.close();
}
