import type { Trace } from '../../trace/index.js';

/**
 * ns. Below 2^43 µs (101 days) doubles lie less than a nanosecond apart, so that a program which reads µs
 * into a double still has every nanosecond.
 */
const MOST_NS = 2n ** 43n * 1000n;

/**
 * How times are written: µs from a base, so that base + time is the absolute time to the nanosecond, and
 * a reader that takes µs for doubles loses none of it. The base is that of the original file where its
 * own times are small enough, so that they stay what they were; else the trace's start.
 */
export class TraceTimes {
  /** ns since the Unix epoch; undefined where the trace does not know the date */
  readonly baseNs: bigint | undefined;
  /** ns; what stands for the trace's start */
  private readonly offset: number;

  constructor({ clock }: Trace) {
    const { originNs, fileBaseNs, epoch } = clock;
    const isNear = (ns: bigint): boolean => ns >= 0n && ns < MOST_NS;
    if (epoch === 'unix') {
      const base = fileBaseNs !== 0n && isNear(originNs - fileBaseNs) ? fileBaseNs : originNs;
      this.baseNs = base;
      this.offset = Number(originNs - base);
    } else {
      this.baseNs = undefined;
      this.offset = isNear(originNs) ? Number(originNs) : 0;
    }
  }

  /** @param ns from the trace's start */
  at(ns: number): string {
    const whole = Math.floor(ns);
    return micros(whole + this.offset, ns - whole);
  }

  /** @param ns how long */
  duration(ns: number): string {
    const whole = Math.floor(ns);
    return micros(whole, ns - whole);
  }
}

/** µs with the decimals they have, by whole numbers: 3, and more only for parts of a nanosecond. */
function micros(whole: number, part: number): string {
  const us = Math.floor(whole / 1000);
  const ns = whole - us * 1000;
  if (ns === 0 && part === 0) {
    return `${us}`;
  }
  const below = part === 0 ? '' : part.toFixed(17).slice(2).replace(/0+$/, '');
  return `${us}.${String(ns).padStart(3, '0')}${below}`;
}
