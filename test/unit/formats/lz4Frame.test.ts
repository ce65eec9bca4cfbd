import { describe, expect, it } from 'vitest';
import { UnreadableFrame, unpackFrame } from '../../../src/formats/lz4Frame.js';
import { PackedTexts } from '../../../src/formats/rocpd/packedTexts.js';
import { xxHash32 } from '../../../src/formats/xxHash32.js';

/** Bytes that nothing can be packed of. */
function noise(count: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length: count }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 24;
    }),
  );
}

/** Packed by LZ4 1.9.4. */
const FRAMES: readonly (readonly [string, Buffer, string])[] = [
  [
    'blocks that stand alone',
    Buffer.from('abcdefg hij '.repeat(20_000)),
    'BCJNGGRApxYBAADPYWJjZGVmZyBoaWogDAD/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////3FAgYWJjZBYBAADPZWZnIGhpaiBhYmNkDAD/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////3FBkZWZnIBYBAADPaGlqIGFiY2RlZmcgDAD/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////3FAgaGlqIMAAAADPYWJjZGVmZyBoaWogDAD//////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////wZQIGhpaiAAAAAAgDGR3Q==',
  ],
  [
    'blocks that repeat what lies in others, with the length stated',
    Buffer.concat([noise(300), Buffer.alloc(70_000, 'x'), noise(300)]),
    'BCJNGExAyBMBAAAAAADhOgIAAP//IUGWJ8T5ldmcvw8KMSOvfcTi0uLj6ZNQKCx1QrNN5Pfv7lbhyjGtmWm1O30QG3retONheoMo4J9Lhfoohzh1SY9IIL8ePTPvNq0wBRTCWQyzYp+rHaam8YTTM1bd+B3re+O3VucUIxHu4BoRpeYcyNuZ/iA3YG7y/bK3EDoe/tPNHrrlijwTn3jOfj3mX7C9w4zMLJLjW7naDHvG3kpR5BgmpFelyDWnuEg+TbUQIIR9DjDSLEYtyDwUzhbHJW/qbPLMRRVTWKGNaJg2reuRoZa9MMBALUMPQk1dx6xmy6JVRmTx8QjmdNKVJhUk60SEGgKtT0LFk+kEgzDOAtD1r92yfUyOnOZvXoHeNS4al4mOFGSF5cyzHZfOqk37MJemhpIB8XpQ+lAFLBINmXh4eAMA////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////uFB4eHh4eEUBAAAPAQD///////////////////////+b8P8eQZYnxPmV2Zy/DwoxI699xOLS4uPpk1AoLHVCs03k9+/uVuHKMa2ZabU7fRAbet6042F6gyjgn0uF+iiHOHVJj0ggvx49M+82rTAFFMJZDLNin6sdpqbxhNMzVt34Het747dW5xQjEe7gGhGl5hzI25n+IDdgbvL9srcQOh7+080euuWKPBOfeM5+PeZfsL3DjMwskuNbudoMe8beSlHkGCakV6XINae4SD5NtRAghH0OMNIsRi3IPBTOFsclb+ps8sxFFVNYoY1omDat65Ghlr0wwEAtQw9CTV3HrGbLolVGZPHxCOZ00pUmFSTrRIQaAq1PQsWT6QSDMM4C0PWv3bJ9TI6c5m9egd41LhqXiY4UZIXlzLMdl86qTfswl6aGkgHxelD6UAUsEg2ZAAAAAL4WZoM=',
  ],
  [
    'a checksum for each block',
    Buffer.concat([noise(200), Buffer.from('ab'.repeat(500))]),
    'BCJNGHBArdwAAAD/v0GWJ8T5ldmcvw8KMSOvfcTi0uLj6ZNQKCx1QrNN5Pfv7lbhyjGtmWm1O30QG3retONheoMo4J9Lhfoohzh1SY9IIL8ePTPvNq0wBRTCWQyzYp+rHaam8YTTM1bd+B3re+O3VucUIxHu4BoRpeYcyNuZ/iA3YG7y/bK3EDoe/tPNHrrlijwTn3jOfj3mX7C9w4zMLJLjW7naDHvG3kpR5BgmpFelyDWnuEg+TbUQIIR9DjDSLEYtyDwUzhbHJW/qbPLMRRVTWKGNYWJhYmFiBgD////NUGJhYmFilGKQfAAAAAA=',
  ],
  [
    'a block that is stored as it is',
    noise(120),
    'BCJNGGRAp3gAAIBBlifE+ZXZnL8PCjEjr33E4tLi4+mTUCgsdUKzTeT37+5W4coxrZlptTt9EBt63rTjYXqDKOCfS4X6KIc4dUmPSCC/Hj0z7zatMAUUwlkMs2Kfqx2mpvGE0zNW3fgd63vjt1bnFCMR7uAaEaXmHMjbmf4gN2Bu8v0AAAAAF16ZtQ==',
  ],
  ['no block', Buffer.alloc(0), 'BCJNGGRApwAAAAAFXcwC'],
];

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

it.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('the hash of "%s"', (text, hash) => {
  expect(xxHash32(new TextEncoder().encode(text))).toBe(hash);
});

describe.each(FRAMES)('a frame of %s', (_what, plain, base64) => {
  const frame = bytesOf(base64);

  it('unpacks to what was packed', () => {
    expect(Buffer.from(unpackFrame(frame, plain.length)).equals(plain)).toBe(true);
  });

  it('is refused wherever it is cut, and with another length', () => {
    for (let length = 0; length < frame.length; length += 1 + (length >> 3)) {
      expect(() => unpackFrame(frame.subarray(0, length), plain.length)).toThrow(UnreadableFrame);
    }
    expect(() => unpackFrame(frame, plain.length + 1)).toThrow(UnreadableFrame);
    if (plain.length > 0) {
      expect(() => unpackFrame(frame, plain.length - 1)).toThrow(UnreadableFrame);
    }
  });

  it('is refused with any byte changed', () => {
    for (let at = 0; at < frame.length; at += 1 + (at >> 4)) {
      const changed = frame.slice();
      changed[at] ^= 0x55;
      expect(() => unpackFrame(changed, plain.length)).toThrow(UnreadableFrame);
    }
  });
});

describe('packed texts', () => {
  const header = (length: number): number[] => [
    ...[0x4c, 0x5a, 0x34, 0x46],
    ...new Uint8Array(Uint32Array.of(length).buffer),
  ];

  it('unpack, and what is not packed stays', () => {
    const texts = new PackedTexts();
    const packed = Uint8Array.of(...header(240_000), ...bytesOf(FRAMES[0][2]));
    expect(texts.text(packed)).toBe('abcdefg hij '.repeat(20_000));
    expect(texts.text('{"a": 1}')).toBe('{"a": 1}');
    expect([texts.text(null), texts.text(new Uint8Array(0))]).toEqual(['', '']);
    expect(texts.unreadable).toBe(0);
  });

  it('that state more than they can hold are not unpacked', () => {
    const texts = new PackedTexts();
    const frame = bytesOf(FRAMES[0][2]);
    expect(texts.text(Uint8Array.of(...header(0xffffffff), ...frame))).toBe('');
    expect(texts.text(Uint8Array.of(...header(240_000)))).toBe('');
    expect(texts.text(frame)).toBe('');
    expect(texts.unreadable).toBe(3);
  });

  it('are unpacked up to a gibibyte', () => {
    const texts = new PackedTexts();
    const packed = Uint8Array.of(...header(240_000), ...bytesOf(FRAMES[0][2]));
    const most = Math.floor(2 ** 30 / 240_000);
    for (let i = 0; i < most; i++) {
      texts.text(packed);
    }
    expect(texts.unreadable).toBe(0);
    expect(texts.text(packed)).toBe('');
    expect(texts.unreadable).toBe(1);
  });
});
