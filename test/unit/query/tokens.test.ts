import { describe, expect, it } from 'vitest';
import {
  TokenError,
  nameOf,
  positionOf,
  stringValue,
  tokenize,
} from '../../../src/query/tokens.js';

const texts = (sql: string) => tokenize(sql).map((t) => t.text);
const kinds = (sql: string) => tokenize(sql).map((t) => t.kind);

describe('tokenize', () => {
  it('leaves out comments, also those that look like code', () => {
    expect(texts("SELECT -- 'not a string\n 1 /* ; DROP ' */ + 2 -- end")).toEqual([
      'SELECT',
      '1',
      '+',
      '2',
    ]);
  });

  it('keeps quotes, semicolons and comment marks inside strings and names', () => {
    expect(texts(`'it''s; -- x' "a""b" [c;d] \`e--f\``)).toEqual([
      "'it''s; -- x'",
      '"a""b"',
      '[c;d]',
      '`e--f`',
    ]);
    const [string, quoted, bracket] = tokenize(`'it''s' "a""b" [c d]`);
    expect(stringValue(string)).toBe("it's");
    expect(nameOf(quoted)).toBe('a"b');
    expect(nameOf(bracket)).toBe('c d');
  });

  it('tells numbers, blobs, parameters and words apart', () => {
    expect(texts("1.5e-3 .5 0xFF x1 ?2 :name x'ab' größe 1_000")).toEqual([
      '1.5e-3',
      '.5',
      '0xFF',
      'x1',
      '?2',
      ':name',
      "x'ab'",
      'größe',
      '1_000',
    ]);
    expect(kinds("1 x'ab' ?2 größe e.source")).toEqual([
      'number',
      'blob',
      'parameter',
      'word',
      'word',
      'symbol',
      'word',
    ]);
  });

  it('reads operators of several characters as one', () => {
    expect(texts('a<>b!=c==d||e->>f->g<=h')).toEqual(
      'a <> b != c == d || e ->> f -> g <= h'.split(' '),
    );
  });

  it('gives offsets that cut the token out of the text', () => {
    const sql = 'SELECT\n  "a b"\t, \'x\' -- y\nFROM t';
    for (const token of tokenize(sql)) {
      expect(sql.slice(token.start, token.end)).toBe(token.text);
    }
  });

  it.each([
    ["SELECT 'open", 7],
    ['SELECT "open', 7],
    ['SELECT [open', 7],
    ['SELECT 1 ^ 2', 9],
  ])('refuses %j at its place', (sql, offset) => {
    const tokenizeIt = () => tokenize(sql);
    expect(tokenizeIt).toThrow(TokenError);
    try {
      tokenizeIt();
    } catch (error) {
      expect((error as TokenError).offset).toBe(offset);
    }
  });

  it('counts lines and columns from 1', () => {
    expect(positionOf('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
    expect(positionOf('ab', 0)).toEqual({ line: 1, column: 1 });
  });
});
