// Writes an Ingero database of any size, for measuring: the events of a recording over and over, each
// time later and of another process, with the minutes of `event_aggregates` that belong to them, the
// recording's own indexes and its write-ahead mark. Needs a Node with node:sqlite.
//
//   node test/bench/largeIngero.mjs RECORDING OUT GIB
import { existsSync, rmSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';

const [recording, out, gib] = process.argv.slice(2);
if (recording === undefined || out === undefined || !(Number(gib) > 0)) {
  throw new Error('Which recording, which file to write, how many GiB?');
}
if (existsSync(out)) {
  throw new Error(`${out} exists.`);
}
const MINUTE = 60_000_000_000n;
const PROCESSES = 64;

const db = new DatabaseSync(out);
db.exec('PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
db.exec(`ATTACH '${pathToFileURL(recording).href}?mode=ro&immutable=1' AS src`);
const schema = db
  .prepare(
    "SELECT type, name, sql FROM src.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
  )
  .all();
const of = (type) => schema.filter((entry) => entry.type === type);
for (const { sql } of of('table')) {
  db.exec(sql);
}
const columns = (table) =>
  db
    .prepare(`SELECT name FROM src.pragma_table_info('${table}') WHERE name <> 'id'`)
    .all()
    .map(({ name }) => name);
for (const { name } of of('table')) {
  if (name !== 'events' && name !== 'event_aggregates') {
    db.exec(`INSERT INTO main."${name}" SELECT * FROM src."${name}"`);
  }
}

const span = db.prepare('SELECT max(timestamp) - min(timestamp) AS ns FROM src.events');
span.setReadBigInts(true);
const shift = (span.get().ns / MINUTE + 2n) * MINUTE;
const later = {
  timestamp: `timestamp + k.value * ${shift}`,
  bucket: `bucket + k.value * ${shift}`,
};
const other = (name) => `${name} + 1000000 * (k.value % ${PROCESSES})`;
const changed = (name) =>
  later[name] ?? (name === 'pid' || name === 'tid' ? other(name) : `"${name}"`);
const copy = (table) => {
  const names = columns(table);
  return db.prepare(
    `WITH RECURSIVE k(value) AS (SELECT ?1 UNION ALL SELECT value + 1 FROM k WHERE value + 1 < ?2)
     INSERT INTO main."${table}" (${names.map((n) => `"${n}"`).join(', ')})
     SELECT ${names.map(changed).join(', ')} FROM k CROSS JOIN src."${table}"`,
  );
};
const copies = ['events', 'event_aggregates'].map(copy);
const wanted = Number(gib) * 2 ** 30;
// What the indexes will add is measured on a first part of the file, then the rest is written.
const first = 50;
// A mistake above must not fill the disk.
db.exec(`PRAGMA max_page_count = ${Math.ceil((wanted * 1.2 + 2 ** 28) / 4096)}`);
db.exec('BEGIN');
copies.forEach((statement) => statement.run(0, first));
db.exec('COMMIT');
of('index').forEach(({ sql }) => db.exec(sql));
const bytes = db.prepare('PRAGMA page_count').get().page_count * 4096;
const each = (bytes - statSync(recording).size) / (first - 1);
of('index').forEach(({ name }) => db.exec(`DROP INDEX "${name}"`));
const times = first + Math.ceil(Math.max(0, wanted - bytes) / each);
for (let from = first; from < times; from += 500) {
  db.exec('BEGIN');
  copies.forEach((statement) => statement.run(from, Math.min(times, from + 500)));
  db.exec('COMMIT');
}
console.log(`${times} times the recording; indexes ...`);
of('index').forEach(({ sql }) => db.exec(sql));
db.exec('DETACH src; PRAGMA journal_mode = WAL');
const { n } = db.prepare('SELECT count(*) AS n FROM events').get();
db.close();
for (const suffix of ['-wal', '-shm']) {
  rmSync(out + suffix, { force: true });
}
console.log(`${out}: ${n} events, ${(statSync(out).size / 2 ** 30).toFixed(2)} GiB`);
