import type { SqlValue } from '../../sqlite/engine.js';
import { textValue } from '../sqlValues.js';

/** How a value lies in a cell, and back. Reading takes anything: the file may be anyone's. */
export interface Codec<V> {
  readonly type: 'INTEGER' | 'TEXT';
  toSql(value: V): SqlValue;
  fromSql(value: SqlValue): V;
}

/**
 * One property of a record and the column it is in. A column an older file lacks reads as NULL.
 */
export interface Field<V> extends Codec<V> {
  readonly column: string;
}

/** A table with a row for each record; `id` counts them from 0. A new property is one more line. */
export interface RecordTable<T> {
  readonly table: string;
  readonly fields: { readonly [K in keyof T]-?: Field<T[K]> };
}

export function field<V>(column: string, codec: Codec<V>): Field<V> {
  return { column, ...codec };
}

export const TEXT: Codec<string> = {
  type: 'TEXT',
  toSql: (value) => value,
  fromSql: textValue,
};

function finite(value: SqlValue): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** INTEGER affinity keeps a whole number as 64-bit integer and any other as REAL. */
export const NUMBER: Codec<number> = {
  type: 'INTEGER',
  toSql: (value) => value,
  fromSql: (value) => finite(value) ?? 0,
};

/** A count or number from 0 on; -1, for "not said", is NULL. */
export const WHOLE_OR_NONE: Codec<number> = {
  type: 'INTEGER',
  toSql: (value) => (value < 0 ? null : value),
  fromSql: (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : -1),
};

/** A count; what is none reads as 0. */
export const COUNT: Codec<number> = {
  type: 'INTEGER',
  toSql: (value) => value,
  fromSql: (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0),
};

export const COUNT_OR_NULL: Codec<number | null> = {
  type: 'INTEGER',
  toSql: (value) => value,
  fromSql: (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null),
};

/** One of a list of words; what is none reads as the first. */
export function oneOf<W extends string>(words: readonly [W, ...W[]]): Codec<W> {
  return {
    type: 'TEXT',
    toSql: (value) => value,
    fromSql: (value) => words.find((word) => word === value) ?? words[0],
  };
}

/** Texts as a JSON array. */
export const TEXTS: Codec<readonly string[]> = {
  type: 'TEXT',
  toSql: (value) => JSON.stringify(value),
  fromSql: (value) => jsonArray(value).filter((item) => typeof item === 'string'),
};

/** Whole numbers from 0 on as a JSON array. */
export const WHOLES: Codec<readonly number[]> = {
  type: 'TEXT',
  toSql: (value) => JSON.stringify(value),
  fromSql: (value) =>
    jsonArray(value).filter(
      (item): item is number => Number.isSafeInteger(item) && Number(item) >= 0,
    ),
};

export const NUMBER_OR_NULL: Codec<number | null> = {
  type: 'INTEGER',
  toSql: (value) => value,
  fromSql: (value) => finite(value) ?? null,
};

function jsonArray(value: SqlValue): readonly unknown[] {
  const json = parsedJson(value);
  return Array.isArray(json) ? (json as readonly unknown[]) : [];
}

/** undefined where the cell holds no JSON. */
export function parsedJson(value: SqlValue): unknown {
  if (typeof value !== 'string') {
    return undefined;
  }
  try {
    return JSON.parse(value) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** The columns of a record's table as SQL defines them. */
export function columnDefinitions<T>({ fields }: RecordTable<T>): readonly string[] {
  return [
    'id INTEGER PRIMARY KEY',
    ...listed(fields).map(([, { column, type }]) => `${column} ${type}`),
  ];
}

/** The row of a record. */
export function rowOf<T>({ fields }: RecordTable<T>, id: number, record: T): readonly SqlValue[] {
  return [id, ...listed(fields).map(([key, codec]) => codec.toSql(record[key]))];
}

/** The record of a row's cells, given in the order of `columnDefinitions`, without the id. */
export function recordOf<T>({ fields }: RecordTable<T>, cells: readonly SqlValue[]): T {
  const entries = listed(fields).map(([key, codec], i) => [key, codec.fromSql(cells[i])] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T;
}

export function columnNames<T>({ fields }: RecordTable<T>): readonly string[] {
  return listed(fields).map(([, { column }]) => column);
}

function listed<T>(fields: RecordTable<T>['fields']): readonly [keyof T, Field<T[keyof T]>][] {
  return Object.entries(fields) as unknown as [keyof T, Field<T[keyof T]>][];
}
