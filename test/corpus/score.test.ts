import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

interface Floor {
  readonly type: number;
  readonly index: number | null;
  readonly precision: number | null;
}

interface Score extends Floor {
  readonly model: string;
  readonly variant: string;
  readonly wrong: number;
  readonly wrongIndex: number | null;
  readonly missing: number;
  readonly worst: readonly string[];
}

interface Scores {
  readonly scores: readonly Score[];
  readonly fallen: readonly string[];
  readonly risen: readonly string[];
  readonly failures: readonly string[];
}

const FLOORS = JSON.parse(readFileSync('test/corpus/score-floors.json', 'utf8')) as Record<
  string,
  Record<string, Floor>
>;
const GUARDED = Object.entries(FLOORS).flatMap(([model, variants]) =>
  Object.entries(variants).map(([variant, floor]) => ({ model, variant, floor })),
);

/** Every recording in every variant, attributed once by the built command line and judged. */
describe('attribution against the recorded truth', () => {
  let scores: readonly Score[] = [];

  beforeAll(() => {
    const answer = execFileSync(process.execPath, ['scripts/score.mjs', '--json'], {
      maxBuffer: 2 ** 28,
    });
    const all = JSON.parse(answer.toString()) as Scores;
    expect(all.failures).toEqual([]);
    scores = all.scores;
    if (all.risen.length > 0) {
      console.info(
        `Above their floor; \`npm run score -- --write-floors\` raises it:\n${all.risen.join('\n')}`,
      );
    }
  }, 600_000);

  it.each(GUARDED)('$model, $variant: no figure falls', ({ model, variant, floor }) => {
    const score = scores.find((s) => s.model === model && s.variant === variant);
    expect(score, 'the recording, or a flag of the command line, is gone').toBeDefined();
    if (score === undefined) {
      return;
    }
    expect(score.missing, 'events of the truth that the answer leaves out').toBe(0);
    const words = score.worst.join('\n');
    expect(score.type, words).toBeGreaterThanOrEqual(floor.type);
    expect(score.index ?? 0, words).toBeGreaterThanOrEqual(floor.index ?? 0);
    expect(score.precision ?? 0, words).toBeGreaterThanOrEqual(floor.precision ?? 0);
  });

  it('has a floor for every recording and variant', () => {
    const guarded = new Set(GUARDED.map(({ model, variant }) => `${model}, ${variant}`));
    const bare = scores.map(({ model, variant }) => `${model}, ${variant}`);
    expect(bare.filter((name) => !guarded.has(name))).toEqual([]);
  });
});
