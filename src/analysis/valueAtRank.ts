const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;
/** Below this a sorted copy costs nothing. */
const FEW = 1 << 16;

/**
 * Values by their rank, ascending and from 0, without a sorted copy of all of them: a trace of gigabytes
 * has no room for one. Each value is found digit by digit, 16 bits at a time: of doubles that are not
 * negative, the order is that of their bits.
 */
export function valuesByRank(values: Float64Array): (rank: number) => number {
  if (values.length < FEW || values.some((value) => !(value >= 0) || Object.is(value, -0))) {
    const sorted = values.slice().sort();
    return (rank) => sorted[rank];
  }
  // 16-bit digits as they lie in memory: the first is the lowest where the machine is little-endian.
  const digits = new Uint16Array(values.buffer, values.byteOffset, values.length * 4);
  const places = LITTLE_ENDIAN ? [3, 2, 1, 0] : [0, 1, 2, 3];
  // Neighbouring ranks share most of their digits, all ranks the count of the first.
  const counted = new Map<string, Uint32Array>();
  const countsAfter = (found: readonly number[], known: number): Uint32Array => {
    const first = places.slice(0, known).map((place) => found[place]);
    const key = first.join();
    let counts = counted.get(key);
    if (counts === undefined) {
      counts = new Uint32Array(DIGITS);
      const place = places[known];
      for (let at = 0; at < digits.length; at += 4) {
        let fits = true;
        for (let i = 0; fits && i < known; i++) {
          fits = digits[at + places[i]] === first[i];
        }
        if (fits) {
          counts[digits[at + place]]++;
        }
      }
      counted.set(key, counts);
    }
    return counts;
  };
  return (rank) => {
    let left = rank;
    const found = [-1, -1, -1, -1];
    for (const [known, place] of places.entries()) {
      const counts = countsAfter(found, known);
      let digit = 0;
      while (left >= counts[digit]) {
        left -= counts[digit++];
      }
      found[place] = digit;
    }
    return new Float64Array(Uint16Array.from(found).buffer)[0];
  };
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
