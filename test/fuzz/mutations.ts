import { gunzipSync, gzipSync } from 'node:zlib';

import type { SqlJs } from '../../src/sqlite/sqlJsEngine.js';
import { quoteName, quoteText } from '../../src/sqlite/sqlText.js';
import type { Random } from './random.js';

export interface Mutant {
  readonly bytes: Uint8Array;
  /** what was done, in words that find the place again */
  readonly mutation: string;
  /** nothing was done but to leave out the end */
  readonly cut?: true;
}

/** What sql.js can do beyond what the readers need of it. */
interface WholeDatabase {
  exec(sql: string): { readonly values: readonly (readonly unknown[])[] }[];
  run(sql: string): void;
  export(): Uint8Array;
  close(): void;
}

const MEGABYTE = 'x'.repeat(1 << 20);
const HOSTILE_TEXTS = [
  '<img src=x onerror=alert(1)>',
  '\u001b[2J\u001b]0;title\u0007',
  '\u202egnp.exe\u2066',
  '../../../../etc/passwd',
  '__proto__',
  '\u0000',
  '\ud800',
  '(1): ',
  MEGABYTE,
];
const HUGE_NUMBERS = [
  '9223372036854775807',
  '-9223372036854775808',
  '18446744073709551615',
  '4294967296',
  '9007199254740993',
  '-1',
  '1e308',
  '-1e308',
  '1e999',
  '5e-324',
  '0.1',
];
const MAGICS = [
  'SQLite format 3\u0000',
  'SQLite format 4\u0000',
  '\u001f\u008b',
  'PK\u0003\u0004',
  '{',
];

/** One change of `original`, chosen and placed by `random`. */
export function mutate(original: Uint8Array, random: Random, sqlJs: SqlJs): Mutant {
  const content = kindOf(original);
  const ways = [flip, cut, duplicate, zero, magic];
  if (content === 'sqlite') {
    const values = (bytes: Uint8Array, r: Random): Mutant => changeValue(bytes, r, sqlJs);
    const schema = (bytes: Uint8Array, r: Random): Mutant => changeSchema(bytes, r, sqlJs);
    const ofPages = pagesOf(original) > 1 ? [cutAtPage, zeroPage, swapPages] : [];
    ways.push(
      ...ofPages,
      hugeVarint,
      schema,
      schema,
      schema,
      values,
      values,
      values,
      values,
      values,
    );
  } else if (content === 'json') {
    ways.push(hostileString, hostileString, hugeNumber, hugeNumber, hugeNumber);
  } else if (content === 'gzip') {
    const packed = (bytes: Uint8Array, r: Random): Mutant => unpacked(bytes, r, sqlJs);
    ways.push(packed, packed, packed, packed, packed, packed, lyingLength);
  }
  return random.pick(ways)(original, random);
}

function kindOf(bytes: Uint8Array): 'sqlite' | 'gzip' | 'json' | 'other' {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    return 'gzip';
  }
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return head.startsWith('SQLite format 3') ? 'sqlite' : /^\s*[[{]/.test(head) ? 'json' : 'other';
}

function flip(original: Uint8Array, random: Random): Mutant {
  const bytes = original.slice();
  const places: number[] = [];
  for (let left = 1 + random.below(30); left > 0; left--) {
    const at = random.below(bytes.length);
    bytes[at] ^= 1 + random.below(255);
    places.push(at);
  }
  return { bytes, mutation: `flip the bytes at ${places.join(', ')}` };
}

function cut(original: Uint8Array, random: Random): Mutant {
  const length = random.below(original.length);
  return { bytes: original.slice(0, length), mutation: `cut at ${length}`, cut: true };
}

function duplicate(original: Uint8Array, random: Random): Mutant {
  const from = random.below(original.length);
  const length = 1 + random.below(Math.min(5000, original.length - from));
  const to = random.below(original.length);
  const slice = original.subarray(from, from + length);
  return {
    bytes: joined(original.subarray(0, to), slice, original.subarray(to)),
    mutation: `insert ${length} bytes from ${from} at ${to}`,
  };
}

function zero(original: Uint8Array, random: Random): Mutant {
  const from = random.below(original.length);
  const to = from + 1 + random.below(2000);
  return { bytes: original.slice().fill(0, from, to), mutation: `zero ${from} to ${to}` };
}

function magic(original: Uint8Array, random: Random): Mutant {
  const bytes = original.slice();
  const text = random.pick(MAGICS);
  bytes.set(Buffer.from(text, 'latin1').subarray(0, bytes.length));
  return { bytes, mutation: `begin with ${JSON.stringify(text)}` };
}

const pageSizeOf = (bytes: Uint8Array): number => {
  const size = (bytes[16] << 8) | bytes[17];
  return size === 1 ? 65_536 : size;
};

const pagesOf = (bytes: Uint8Array): number => Math.floor(bytes.length / pageSizeOf(bytes));

function cutAtPage(original: Uint8Array, random: Random): Mutant {
  const pages = 1 + random.below(pagesOf(original) - 1);
  return {
    bytes: original.slice(0, pages * pageSizeOf(original)),
    mutation: `cut after ${pages} pages`,
    cut: true,
  };
}

function zeroPage(original: Uint8Array, random: Random): Mutant {
  const size = pageSizeOf(original);
  const page = random.below(pagesOf(original));
  const bytes = original.slice().fill(0, page * size, (page + 1) * size);
  return { bytes, mutation: `zero page ${page + 1}` };
}

function swapPages(original: Uint8Array, random: Random): Mutant {
  const size = pageSizeOf(original);
  const [a, b] = [0, 1].map(() => 1 + random.below(pagesOf(original) - 1));
  const bytes = original.slice();
  bytes.set(original.subarray(a * size, (a + 1) * size), b * size);
  bytes.set(original.subarray(b * size, (b + 1) * size), a * size);
  return { bytes, mutation: `swap the pages ${a + 1} and ${b + 1}` };
}

function hugeVarint(original: Uint8Array, random: Random): Mutant {
  const at = 100 + random.below(original.length - 110);
  const bytes = original.slice().fill(0xff, at, at + 1 + random.below(9));
  return { bytes, mutation: `write a huge varint at ${at}` };
}

/** Another value in one column of a table, in one row or in all: what SQLite finds sound and no recorder writes. */
function changeValue(original: Uint8Array, random: Random, sqlJs: SqlJs): Mutant {
  const db = new sqlJs.Database(original) as unknown as WholeDatabase;
  try {
    const all = (sql: string): unknown[] => (db.exec(sql)[0]?.values ?? []).map(([first]) => first);
    const tables = all(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`,
    ).filter((name) => all(`SELECT 1 FROM ${quoteName(String(name))} LIMIT 1`).length > 0);
    if (tables.length === 0) {
      return flip(original, random);
    }
    const table = String(random.pick(tables));
    const column = String(
      random.pick(all(`SELECT name FROM pragma_table_info(${quoteText(table)})`)),
    );
    const text = random.pick(HOSTILE_TEXTS);
    const value = random.pick([
      ...HUGE_NUMBERS.filter((number) => number !== '18446744073709551615'),
      'NULL',
      "''",
      "x'00ff'",
      "'nan'",
      quoteText(text),
      quoteText(text),
    ]);
    const row = random.below(Number(all(`SELECT count(*) FROM ${quoteName(table)}`)[0]));
    // A megabyte in every row would take longer to write than to read.
    const where = random.pick([
      ...(value.length < MEGABYTE.length ? [''] : []),
      ` WHERE rowid = (SELECT rowid FROM ${quoteName(table)} LIMIT 1 OFFSET ${row})`,
    ]);
    const statement = `UPDATE OR IGNORE ${quoteName(table)} SET ${quoteName(column)} = ${value}${where}`;
    db.run('PRAGMA ignore_check_constraints = ON');
    try {
      db.run(statement);
    } catch (error) {
      // NOT NULL, a table without rowid, a generated column: another way takes this turn.
      return flipAfter(original, random, `${statement.slice(0, 200)}: ${String(error)}`);
    }
    const bytes = db.export();
    return { bytes, mutation: statement.slice(0, 300) };
  } finally {
    db.close();
  }
}

const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';

/** Another schema, as whoever wants a reader to hang or fall would write it. */
function changeSchema(original: Uint8Array, random: Random, sqlJs: SqlJs): Mutant {
  const db = new sqlJs.Database(original) as unknown as WholeDatabase;
  try {
    const all = (sql: string): unknown[] => (db.exec(sql)[0]?.values ?? []).map(([first]) => first);
    const tables = all(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    ).map(String);
    if (tables.length === 0) {
      return flip(original, random);
    }
    const table = random.pick(tables);
    const name = quoteName(table);
    const columns = all(`SELECT name FROM pragma_table_info(${quoteText(table)})`).map(String);
    const column = quoteName(random.pick(columns));
    const list = columns.map(quoteName).join(', ');
    const asView = (select: string): string =>
      `ALTER TABLE ${name} RENAME TO "fuzz was"; CREATE VIEW ${name} AS ${select}`;
    const written = (change: string): string =>
      `PRAGMA writable_schema = ON; UPDATE sqlite_master SET ${change} WHERE name = ${quoteText(table)}`;
    const hostile = quoteName(random.pick(HOSTILE_TEXTS.filter((text) => text.length < 100)));
    const statement = random.pick([
      asView(`${ENDLESS} SELECT ${columns.map((c) => `i AS ${quoteName(c)}`).join(', ')} FROM n`),
      asView(`SELECT * FROM "fuzz was", "fuzz was", "fuzz was"`),
      asView(`SELECT ${list} FROM "not there"`),
      `CREATE VIEW fuzz AS SELECT * FROM fuzz; CREATE VIEW "fuzz 2" AS SELECT * FROM fuzz`,
      `CREATE TRIGGER fuzz AFTER UPDATE ON ${name} BEGIN DELETE FROM ${name}; END`,
      `CREATE TABLE fuzz AS SELECT ${list} FROM ${name}; DROP TABLE ${name}; CREATE TABLE ${name}(${list}, PRIMARY KEY(${column})) WITHOUT ROWID; INSERT OR IGNORE INTO ${name} SELECT * FROM fuzz`,
      `CREATE TABLE fuzz AS SELECT ${list} FROM ${name}; DROP TABLE ${name}; CREATE VIRTUAL TABLE ${name} USING fts4(${list}); INSERT INTO ${name} SELECT * FROM fuzz`,
      `ALTER TABLE ${name} RENAME COLUMN ${column} TO "fuzz was"; ALTER TABLE ${name} ADD COLUMN ${column} AS (printf('%.*c', 300000000, 'x'))`,
      `ALTER TABLE ${name} RENAME TO ${hostile}`,
      `ALTER TABLE ${name} RENAME COLUMN ${column} TO ${hostile}`,
      `ALTER TABLE ${name} DROP COLUMN ${column}`,
      `DROP TABLE ${name}`,
      `DELETE FROM ${name}`,
      `CREATE INDEX fuzz ON ${name}(${column}) WHERE typeof(${column}) = 'blob'`,
      written(`sql = substr(sql, 1, ${20 + random.below(40)})`),
      written(`sql = sql || ' STRICT'`),
      written(`rootpage = ${1 + random.below(Math.max(1, pagesOf(original)))}`),
      written(`rootpage = 0`),
      written(`type = 'view'`),
      written(`type = 'index'`),
      written(`name = ${quoteText(random.pick(tables))}`),
    ]);
    try {
      db.run(statement);
    } catch (error) {
      return flipAfter(original, random, `${statement.slice(0, 200)}: ${String(error)}`);
    }
    return { bytes: db.export(), mutation: statement.slice(0, 300) };
  } finally {
    db.close();
  }
}

function flipAfter(original: Uint8Array, random: Random, refused: string): Mutant {
  const { bytes, mutation } = flip(original, random);
  return { bytes, mutation: `${mutation} (SQLite refused ${refused})` };
}

/** A change of what a gzip holds, packed again. */
function unpacked(original: Uint8Array, random: Random, sqlJs: SqlJs): Mutant {
  const inside = new Uint8Array(gunzipSync(original));
  const { bytes, mutation, cut: isCut } = mutate(inside, random, sqlJs);
  return {
    bytes: new Uint8Array(gzipSync(bytes, { level: 1 })),
    mutation: `in what is packed: ${mutation}`,
    ...(isCut && { cut: isCut }),
  };
}

/** A gzip that states another length of what it holds. */
function lyingLength(original: Uint8Array, random: Random): Mutant {
  const bytes = original.slice();
  const stated = random.below(2 ** 32);
  new DataView(bytes.buffer).setUint32(bytes.length - 4, stated, true);
  return { bytes, mutation: `state ${stated} unpacked bytes` };
}

function hostileString(original: Uint8Array, random: Random): Mutant {
  const text = random.pick(HOSTILE_TEXTS);
  const raw = random.below(4) === 0;
  const written = raw ? text : JSON.stringify(text).slice(1, -1);
  return replaced(original, random, /"(?:[^"\\]|\\.)*"/g, `"${written}"`);
}

function hugeNumber(original: Uint8Array, random: Random): Mutant {
  const number = random.pick([...HUGE_NUMBERS, 'NaN', 'Infinity', '-', '"7"', 'null', '{}', '[]']);
  return replaced(original, random, /(?<=[:,[]\s*)-?\d[\d.eE+-]*/g, number);
}

/** One match replaced. */
function replaced(original: Uint8Array, random: Random, pattern: RegExp, by: string): Mutant {
  const text = Buffer.from(original).toString('latin1');
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) {
    return flip(original, random);
  }
  const { index, 0: before } = random.pick(places);
  return {
    bytes: joined(
      original.subarray(0, index),
      Buffer.from(by, 'utf8'),
      original.subarray(index + before.length),
    ),
    mutation: `replace ${before.slice(0, 80)} at ${index} by ${JSON.stringify(by.slice(0, 80))}`,
  };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
