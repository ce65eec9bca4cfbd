import { expect, test } from 'vitest';
import { ByteInterner } from '../../../src/formats/kineto/byteInterner.js';
import { BAD, NEED, decodeString, skipValue } from '../../../src/formats/kineto/jsonBytes.js';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (body: string | Uint8Array): string => {
  const bytes = typeof body === 'string' ? encode(body) : body;
  return decodeString(bytes, 0, bytes.length);
};

test.each([
  'plain',
  'tab\\tline\\nreturn\\rback\\bfeed\\fslash\\/quote\\"backslash\\\\',
  '\\u0041\\u00e9\\u20ac\\ud83d\\ude00',
  'é€😀 mixed \\u00e9€\\n',
  '',
  '\\\\u0041',
  '\\u0000',
])('decodes as JSON does: %s', (body) => {
  expect(decode(body)).toBe(JSON.parse(`"${body}"`));
});

test.each([
  ['\\ud83d alone', '\ufffd alone'],
  ['\\ude00\\ud83d', '\ufffd\ufffd'],
  ['\\ud83d\\u0041', '\ufffdA'],
  ['C:\\Users\\xyz', 'C:\\Users\\xyz'],
  ['\\u12', '\\u12'],
  ['\\u12g4', '\\u12g4'],
  ['ends in \\', 'ends in \\'],
  ['\u0007 \u001b[31m', '\u0007 \u001b[31m'],
])('decodes what JSON refuses: %s', (body, text) => {
  expect(decode(body)).toBe(text);
});

test('bytes that are no UTF-8 become U+FFFD', () => {
  expect(decode(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb');
});

test.each([
  ['1.5,', 3],
  ['"a\\"b",', 6],
  ['{"a":[1,{"b":"]}"}]},', 20],
  ['NaN}', 3],
  ['-Infinity]', 9],
  ['[1,2', NEED],
  ['"open', NEED],
  ['12', NEED],
  [',', BAD],
  ['["a" b]', BAD],
])('skips %s', (text, expected) => {
  const bytes = encode(text);
  expect(skipValue(bytes, 0, bytes.length)).toBe(expected);
});

test('equal bytes get equal numbers, asked for once, through growth and collisions', () => {
  const seen: string[] = [];
  const interner = new ByteInterner((bytes, start, end) => {
    seen.push(new TextDecoder().decode(bytes.subarray(start, end)));
    return seen.length - 1;
  });
  const names = Array.from({ length: 5000 }, (_, i) => `kernel_${i}_${'x'.repeat(i % 50)}`);
  for (let round = 0; round < 3; round++) {
    names.forEach((name, i) => {
      const bytes = encode(`"${name}"`);
      expect(interner.intern(bytes, 1, bytes.length - 1)).toBe(i);
    });
  }
  expect(seen).toEqual(names);
});
