const MAX_EXACT = Number.MAX_SAFE_INTEGER;
/** Far times kept to find where most of them lie. */
const FAR_SAMPLE = 501;

/**
 * Turns the decimal microseconds of a file into nanoseconds, by their digits: an epoch in
 * microseconds with three decimals does not fit a double ("1712195495506161.234" would lose the
 * nanoseconds), its distance from the first time of the file does.
 */
export class TraceClock {
  /** whole µs of the first time read; what all starts are relative to */
  private base: bigint | undefined;
  private baseNumber = 0;
  /** times given that were near enough to the first to be exact, and the first of those that were not */
  private near = 0;
  private far = 0;
  private readonly firstFar: bigint[] = [];
  /** true once a time or duration had decimals: the file's resolution is then 1 ns, else 1 µs */
  sawFraction = false;

  /** @param baseUs where times are known to lie; without it the first one says */
  constructor(baseUs?: bigint) {
    if (baseUs !== undefined) {
      this.base = baseUs;
      this.baseNumber = Number(baseUs);
    }
  }

  // Result of the last `scan`: whole µs, and the decimals as ns.
  private whole = 0;
  private fractionNs = 0;

  /** Whole microseconds of the file's own clock that `relative` counts from. */
  get baseUs(): bigint {
    return this.base ?? 0n;
  }

  /**
   * The time in bytes `start` to `end`, in ns from the first time this clock was given. NaN where it
   * is no number, or so far from the first time (104 days) that nanoseconds would no longer be exact.
   */
  relative(b: Uint8Array, start: number, end: number): number {
    let ns: number;
    let whole: bigint | number;
    if (this.scan(b, start, end)) {
      if (this.base === undefined) {
        this.base = BigInt(this.whole);
        this.baseNumber = this.whole;
      }
      ns = (this.whole - this.baseNumber) * 1000 + this.fractionNs;
      whole = this.whole;
    } else {
      const exact = scanSlowly(b, start, end);
      if (exact === undefined) {
        return NaN;
      }
      this.base ??= exact.whole;
      this.baseNumber = Number(this.base);
      ns = Number((exact.whole - this.base) * 1000n) + exact.fractionNs;
      whole = exact.whole;
    }
    if (Math.abs(ns) <= MAX_EXACT) {
      this.near++;
      return ns;
    }
    this.far++;
    if (this.firstFar.length < FAR_SAMPLE) {
      this.firstFar.push(BigInt(whole));
    }
    return NaN;
  }

  /**
   * Where most times lie, in whole µs, if that is far from the first: a single broken time at the
   * beginning (a 0 before epochs) must not cost all others. undefined where most are near.
   */
  get betterBaseUs(): bigint | undefined {
    if (this.far <= this.near) {
      return undefined;
    }
    const sorted = [...this.firstFar].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return sorted[sorted.length >> 1];
  }

  /**
   * The duration in bytes `start` to `end` in ns; NaN where it is no number, or so long (104 days) that
   * nanoseconds would no longer be exact: 1e308 µs would make every sum of the trace infinite.
   */
  duration(b: Uint8Array, start: number, end: number): number {
    let ns: number;
    if (this.scan(b, start, end)) {
      ns = this.whole * 1000 + this.fractionNs;
    } else {
      const exact = scanSlowly(b, start, end);
      ns = exact === undefined ? NaN : Number(exact.whole * 1000n) + exact.fractionNs;
    }
    return ns > MAX_EXACT ? NaN : ns;
  }

  /** The usual form, digits with up to some decimals; false where it is another one. */
  private scan(b: Uint8Array, start: number, end: number): boolean {
    let i = start;
    let whole = 0;
    const digitsFrom = i;
    while (i < end) {
      const digit = b[i] - 0x30;
      if (digit < 0 || digit > 9) {
        break;
      }
      whole = whole * 10 + digit;
      i++;
    }
    // Sixteen digits may pass 2^53, and whole * 10 + digit is then already rounded.
    if (i === digitsFrom || i - digitsFrom > 16 || whole > MAX_EXACT) {
      return false;
    }
    let fractionNs = 0;
    if (i < end && b[i] === 0x2e) {
      i++;
      let unit = 100;
      const decimalsFrom = i;
      while (i < end) {
        const digit = b[i] - 0x30;
        if (digit < 0 || digit > 9) {
          return false;
        }
        // From the fourth decimal on this is a fraction of a nanosecond and a double again.
        fractionNs += unit >= 1 ? digit * unit : 0;
        unit /= 10;
        i++;
      }
      if (i === decimalsFrom) {
        return false;
      }
      if (i - decimalsFrom > 3) {
        fractionNs += fractionBelowNs(b, decimalsFrom + 3, i);
      }
      this.sawFraction = true;
    }
    if (i !== end) {
      return false;
    }
    this.whole = whole;
    this.fractionNs = fractionNs;
    return true;
  }
}

/** The decimals from the fourth on, as a fraction of a nanosecond. */
function fractionBelowNs(b: Uint8Array, start: number, end: number): number {
  return Number('0.' + String.fromCharCode(...b.subarray(start, Math.min(end, start + 20))));
}

/** Signed, exponential and very long numbers: rare, so in BigInt. */
function scanSlowly(
  b: Uint8Array,
  start: number,
  end: number,
): { whole: bigint; fractionNs: number } | undefined {
  if (end - start > 64) {
    return undefined;
  }
  const text = String.fromCharCode(...b.subarray(start, end));
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, sign, whole, decimals = '', exponent = '0'] = match;
  // Shift the decimal point: digits with `point` of them before it.
  const point = whole.length + Number(exponent);
  const digits = whole + decimals;
  const shifted = point > digits.length ? digits.padEnd(point, '0') : digits;
  const padded = point < 0 ? '0'.repeat(-point) + shifted : shifted;
  const cut = Math.max(point, 0);
  const micro = BigInt(padded.slice(0, cut) || '0');
  const rest = padded.slice(cut);
  const nano = Number((rest.slice(0, 3) || '0').padEnd(3, '0'));
  const below = Number(`0.${rest.slice(3) || '0'}`);
  return sign === '-'
    ? { whole: -micro, fractionNs: -(nano + below) }
    : { whole: micro, fractionNs: nano + below };
}
