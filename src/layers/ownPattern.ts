/** Characters of a text that a pattern with several repetitions is tried on. */
const MOST_CHARACTERS = 2048;
/** All the time a pattern of one's own may take for one trace, in ms. */
const BUDGET_MS = 1000;
/** Time one attempt may take, in ms. */
const ATTEMPT_MS = 25;
/**
 * Characters by which a text is made longer from attempt to attempt: where `a*a*b` takes 25 ms for so
 * many more a's, the whole text could take hours.
 */
const STEP = 32;
/** Open repetitions (`*`, `+`, `{n,}`) of one pattern: 32 characters more must not take long at first. */
const MOST_REPETITIONS = 8;

/**
 * A regular expression that somebody wrote for their own kernels. JavaScript cannot interrupt one, so
 * a pattern with several repetitions is tried on growing beginnings of a text. One that runs long is
 * given up: it matches nothing from then on.
 */
export class OwnPattern extends RegExp {
  private readonly isTimed: boolean;
  private spentMs = 0;

  constructor(source: string) {
    super(source);
    this.isTimed = shapeOf(source).repetitions > 1;
  }

  /** It took more than its share of time, and what else it would match is not known. */
  get isGivenUp(): boolean {
    return this.spentMs > BUDGET_MS;
  }

  override exec(text: string): RegExpExecArray | null {
    if (!this.isTimed) {
      return super.exec(text);
    }
    const tried = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
    for (let length = STEP; length < tried.length && !this.isGivenUp; length += STEP) {
      this.timed(tried.slice(0, length));
    }
    return this.isGivenUp ? null : this.timed(tried);
  }

  private timed(text: string): RegExpExecArray | null {
    const began = performance.now();
    const found = super.exec(text);
    const took = performance.now() - began;
    this.spentMs += took > ATTEMPT_MS ? BUDGET_MS + took : took;
    return found;
  }
}

interface Group {
  /** some part of it repeats without bound */
  repeats: boolean;
  /** it holds alternatives */
  alternatives: boolean;
}

/** What in the form of a pattern can make it run long. */
interface Shape {
  /** a group that repeats or holds alternatives is itself repeated */
  readonly nested: boolean;
  /** how many open repetitions there are */
  readonly repetitions: number;
}

/**
 * Why a pattern is refused, as what is said of it; null = it is not. `(a+)+` and `(a|ab)*` double their
 * time with each character of a text that fails at its end. Told by form alone, so some harmless
 * patterns are refused.
 *
 * @param source a valid regular expression
 */
export function refusal(source: string): string | null {
  const { nested, repetitions } = shapeOf(source);
  if (nested) {
    return 'repeats a group that repeats or has alternatives, which can take forever';
  }
  return repetitions > MOST_REPETITIONS
    ? `has more than ${MOST_REPETITIONS} repetitions (*, +), which can take forever`
    : null;
}

function shapeOf(source: string): Shape {
  let nested = false;
  let repetitions = 0;
  const open: Group[] = [{ repeats: false, alternatives: false }];
  /** the group that ended just before the current character */
  let ended: Group | null = null;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    const group = open[open.length - 1];
    const before: Group | null = ended;
    ended = null;
    switch (character) {
      case '\\':
        i += 1;
        break;
      case '[':
        i = endOfClass(source, i);
        break;
      case '(':
        open.push({ repeats: false, alternatives: false });
        break;
      case ')':
        open.pop();
        ended = group;
        if (group.repeats) {
          open[open.length - 1].repeats = true;
        }
        break;
      case '|':
        group.alternatives = true;
        break;
      case '*':
      case '+':
      case '{': {
        const bounds = character === '{' ? /^\{\d+(,\d*)?\}/.exec(source.slice(i)) : null;
        if (character === '{' && bounds === null) {
          break;
        }
        if (bounds !== null) {
          i += bounds[0].length - 1;
        }
        const counted = bounds !== null && !bounds[0].endsWith(',}');
        if (before !== null && (before.repeats || before.alternatives) && isMany(bounds)) {
          nested = true;
        }
        if (!counted) {
          group.repeats = true;
          repetitions += 1;
        }
        break;
      }
    }
  }
  return { nested, repetitions };
}

/** Whether a quantifier, null for * and +, allows so many rounds that they can multiply. */
function isMany(bounds: RegExpExecArray | null): boolean {
  if (bounds === null || bounds[0].endsWith(',}')) {
    return true;
  }
  return Math.max(...(bounds[0].match(/\d+/g) ?? []).map(Number)) > 8;
}

/** Position of the bracket that ends the character class which begins at `start`. */
function endOfClass(source: string, start: number): number {
  let i = start + 1;
  while (i < source.length && source[i] !== ']') {
    i += source[i] === '\\' ? 2 : 1;
  }
  return i;
}
