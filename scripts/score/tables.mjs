// Scores as text: one aligned table for the terminal, one table a model for docs/attribution.md.
import { VARIANTS } from './recordings.mjs';

/** One decimal; what is not quite all, or not quite nothing, is not rounded to it. */
function number(value) {
  if (value === null) {
    return '–';
  }
  const rounded = value.toFixed(1);
  return (rounded === '100.0' && value < 100) || (rounded === '0.0' && value > 0)
    ? value.toFixed(2)
    : rounded;
}

/** Whether a score reaches its variant's bar; null where none is set. */
export function meetsBar(score) {
  const bar = VARIANTS.find(({ id }) => id === score.variant)?.bar ?? null;
  if (bar === null) {
    return null;
  }
  return score.type >= bar.type && (score.index === null || score.index >= bar.index);
}

function barText(score) {
  const bar = VARIANTS.find(({ id }) => id === score.variant)?.bar ?? null;
  const met = meetsBar(score);
  return bar === null ? '' : `${bar.type} / ${bar.index} ${met === true ? 'met' : 'BELOW'}`;
}

/** One line a run, columns padded to their widest cell. */
export function scoreTable(scores) {
  const header = [
    ...['model', 'variant', 'type', 'index', 'wrong', 'wrong index', 'unclassified', 'precision'],
    ...['bar', 's', 'note'],
  ];
  const rows = scores.map((score) => [
    score.model,
    score.variant,
    number(score.type),
    number(score.index),
    number(score.wrong),
    number(score.wrongIndex),
    number(score.unclassified),
    number(score.precision),
    barText(score),
    score.seconds.toFixed(1),
    [score.missing > 0 ? `${number(score.missing)} % of the truth missing` : '', score.note]
      .filter((part) => part !== '')
      .join('; '),
  ]);
  const text = new Set([0, 1, 8, 10]);
  const widths = header.map((name, i) =>
    Math.max(...[name, ...rows.map((r) => r[i])].map((c) => c.length)),
  );
  const line = (cells) =>
    cells
      .map((cell, i) => (text.has(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[line(header), rule, ...rows.map(line)].join('\n')}\n`;
}

/** One line a model, "type / index" a variant; a footnote where files were matched in another way. */
export function markdownScores(scores) {
  const variants = VARIANTS.filter(({ id }) => scores.some((score) => score.variant === id));
  const models = [...new Set(scores.map((score) => score.model))];
  const notes = [...new Set(scores.map((score) => score.note).filter((note) => note !== ''))];
  const mark = (note) => (note === '' ? '' : ` ${'¹²³⁴⁵⁶⁷⁸⁹'[notes.indexOf(note)] ?? '*'}`);
  const cell = (model, variant) => {
    const score = scores.find((s) => s.model === model && s.variant === variant);
    return score === undefined
      ? ''
      : `${number(score.type)} / ${number(score.index)}${mark(score.note)}`;
  };
  const wrong = Math.max(...scores.map((score) => score.wrong));
  const wrongIndex = Math.max(...scores.map((score) => score.wrongIndex ?? 0));
  return [
    `| trace | ${variants.map(({ id }) => id).join(' | ')} |`,
    `|---|${variants.map(() => '---:').join('|')}|`,
    ...models.map(
      (model) => `| ${model} | ${variants.map(({ id }) => cell(model, id)).join(' | ')} |`,
    ),
    `| bar | ${variants.map(({ bar }) => (bar === null ? '' : `${bar.type} / ${bar.index}`)).join(' | ')} |`,
    '',
    ...notes.flatMap((note) => [`${mark(note).trim()} ${note}.`, '']),
    `The largest share with a wrong type is ${number(wrong)} %, with a wrong index ${number(wrongIndex)} %.`,
  ].join('\n');
}
