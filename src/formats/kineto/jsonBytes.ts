/** More bytes are needed to decide. */
export const NEED = -1;
/** The bytes are not JSON as any profiler writes it. */
export const BAD = -2;

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;

/** The first position from `i` on that is not white space; `end` where there is none. */
export function skipSpace(b: Uint8Array, i: number, end: number): number {
  while (i < end && (b[i] === 0x20 || b[i] === 0x0a || b[i] === 0x0d || b[i] === 0x09)) {
    i++;
  }
  return i;
}

/**
 * The position after the string that opens at `i`, or NEED. Control characters inside it are let
 * through: old Kineto versions wrote them unescaped.
 */
export function skipString(b: Uint8Array, i: number, end: number): number {
  for (i++; i < end; i++) {
    const c = b[i];
    if (c === QUOTE) {
      return i + 1;
    }
    if (c === BACKSLASH) {
      i++;
    }
  }
  return NEED;
}

/** Letters, digits and signs: numbers, true, false, null, and the bare NaN and Infinity of old files. */
function isLiteral(c: number): boolean {
  return (
    (c >= 0x30 && c <= 0x39) ||
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x41 && c <= 0x5a) ||
    c === 0x2d ||
    c === 0x2b ||
    c === 0x2e
  );
}

/** The position after the value at `i`, NEED or BAD. */
export function skipValue(b: Uint8Array, i: number, end: number): number {
  if (i >= end) {
    return NEED;
  }
  const first = b[i];
  if (first === QUOTE) {
    return skipString(b, i, end);
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    return skipNested(b, i, end);
  }
  const from = i;
  while (i < end && isLiteral(b[i])) {
    i++;
  }
  if (i >= end) {
    return NEED;
  }
  return i === from ? BAD : i;
}

/**
 * Skips an array or object by its brackets. After each string the next byte must be one that can
 * follow a string: a string that a stray backslash kept open shows itself at once this way, instead
 * of swallowing the rest of the file.
 */
function skipNested(b: Uint8Array, i: number, end: number): number {
  let depth = 0;
  while (i < end) {
    const c = b[i];
    if (c === QUOTE) {
      i = skipString(b, i, end);
      if (i < 0) {
        return i;
      }
      i = skipSpace(b, i, end);
      if (i >= end) {
        return NEED;
      }
      const next = b[i];
      if (next !== COMMA && next !== COLON && next !== CLOSE_BRACKET && next !== CLOSE_BRACE) {
        return BAD;
      }
      continue;
    }
    if (c === OPEN_BRACKET || c === OPEN_BRACE) {
      depth++;
    } else if (c === CLOSE_BRACKET || c === CLOSE_BRACE) {
      depth--;
      if (depth === 0) {
        return i + 1;
      }
    }
    i++;
  }
  return NEED;
}

/** Where a value lies in the bytes, without the quotes of a string. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * Gives the key and the value of each member of an object.
 * @param start of its brace; below 0 = no object, without members
 * @param end after its closing brace; the bytes between are JSON that was gone through before
 */
export function eachMember(
  b: Uint8Array,
  start: number,
  end: number,
  onMember: (key: Extent, value: Extent) => void,
): void {
  for (let i = start < 0 ? end : skipSpace(b, start + 1, end); i < end && b[i] === QUOTE;) {
    const afterKey = skipString(b, i, end);
    const from = afterKey < 0 ? end : skipSpace(b, skipSpace(b, afterKey, end) + 1, end);
    const after = skipValue(b, from, end);
    if (after < 0) {
      return;
    }
    const quoted = b[from] === QUOTE ? 1 : 0;
    onMember({ start: i + 1, end: afterKey - 1 }, { start: from + quoted, end: after - quoted });
    i = skipSpace(b, skipSpace(b, after, end) + 1, end);
  }
}

/**
 * The end of a number without decimals that say nothing: programs that rewrite a trace in doubles
 * write the stream 7 as 7.0. Other values keep their end.
 */
export function wholeEnd(b: Uint8Array, start: number, end: number): number {
  let point = end;
  while (point > start && b[point - 1] === 0x30) {
    point--;
  }
  const isWhole =
    point < end && point - 1 > start && b[point - 1] === 0x2e && allDigits(b, start, point - 1);
  return isWhole ? point - 1 : end;
}

function allDigits(b: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (b[i] < 0x30 || b[i] > 0x39) {
      return false;
    }
  }
  return true;
}

// A byte order mark inside a text is a character of it.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const REPLACEMENT = '\ufffd';

/**
 * The text of a JSON string body (without its quotes). Bytes that are no UTF-8 and halves of
 * surrogate pairs become U+FFFD; a backslash before a character that needs none stands for itself,
 * as old Kineto versions wrote Windows paths.
 */
export function decodeString(b: Uint8Array, start: number, end: number): string {
  let escape = start;
  while (escape < end && b[escape] !== BACKSLASH) {
    escape++;
  }
  if (escape === end) {
    return utf8.decode(b.subarray(start, end));
  }
  const parts: string[] = [];
  let plain = start;
  let i = escape;
  while (i < end) {
    if (b[i] !== BACKSLASH) {
      i++;
      continue;
    }
    parts.push(utf8.decode(b.subarray(plain, i)));
    const simple = SIMPLE_ESCAPES.get(b[i + 1]);
    if (i + 1 < end && simple !== undefined) {
      parts.push(simple);
      i += 2;
    } else if (i + 1 < end && b[i + 1] === 0x75) {
      const unit = hexUnit(b, i + 2, end);
      if (unit < 0) {
        parts.push('\\');
        i += 1;
      } else {
        i += 6;
        const low =
          isHighSurrogate(unit) && b[i] === BACKSLASH && b[i + 1] === 0x75
            ? hexUnit(b, i + 2, end)
            : -1;
        if (isHighSurrogate(unit) && isLowSurrogate(low)) {
          parts.push(String.fromCharCode(unit, low));
          i += 6;
        } else {
          const alone = isHighSurrogate(unit) || isLowSurrogate(unit);
          parts.push(alone ? REPLACEMENT : String.fromCharCode(unit));
        }
      }
    } else {
      parts.push('\\');
      i += 1;
    }
    plain = i;
  }
  parts.push(utf8.decode(b.subarray(plain, end)));
  return parts.join('');
}

const SIMPLE_ESCAPES = new Map<number, string>([
  [0x22, '"'],
  [0x5c, '\\'],
  [0x2f, '/'],
  [0x62, '\b'],
  [0x66, '\f'],
  [0x6e, '\n'],
  [0x72, '\r'],
  [0x74, '\t'],
]);

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** Four hexadecimal digits as a number, -1 where they are none. */
function hexUnit(b: Uint8Array, i: number, end: number): number {
  if (i + 4 > end) {
    return -1;
  }
  let unit = 0;
  for (let k = i; k < i + 4; k++) {
    const c = b[k];
    const digit =
      c >= 0x30 && c <= 0x39
        ? c - 0x30
        : c >= 0x61 && c <= 0x66
          ? c - 0x57
          : c >= 0x41 && c <= 0x46
            ? c - 0x37
            : -1;
    if (digit < 0) {
      return -1;
    }
    unit = unit * 16 + digit;
  }
  return unit;
}
