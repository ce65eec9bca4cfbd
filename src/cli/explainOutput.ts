import { formatDuration, formatMicros } from '../analysis/format.js';
import type { CallExplanation, EvidenceKind, RuleWords } from '../analysis/results.js';
import { shortenMiddle, visibleJson, visibleText } from '../analysis/visibleText.js';
import { METHOD_LABELS } from '../trace/index.js';
import { plainTable } from './tables.js';

export const EXPLAIN_FORMATS = ['text', 'json'] as const;
export type ExplainFormat = (typeof EXPLAIN_FORMATS)[number];

/** Characters of a neighbour's name. */
const NAME_WIDTH = 60;

const EVIDENCE_LABELS: Record<EvidenceKind, string> = {
  launch: 'launch',
  modules: 'modules',
  frame: 'stack frame',
  operator: 'operator',
  collective: 'collective',
  position: 'position',
  name: 'kernel name',
  companion: 'companion',
};

/** Why a call has its layer, as text in one of the formats. */
export function explainOutput(explanation: CallExplanation, format: ExplainFormat): string {
  return format === 'json' ? `${visibleJson(explanation)}\n` : explainText(explanation);
}

function explainText(explanation: CallExplanation): string {
  const { method, rule, alternatives } = explanation;
  const unclassified = explanation.layer_type === 'unclassified';
  const facts: [string, string][] = [
    ['call', `${explanation.call} at ${explanation.ts_us} µs`],
    ['name', explanation.name],
    ['took', `${formatDuration(explanation.duration_ns)} on ${explanation.lane}`],
    ['layer', layerWords(explanation)],
    ...(explanation.module === '' ? [] : [['module', explanation.module] as [string, string]]),
    ...(unclassified
      ? [['why not', ruleText(rule)] as [string, string]]
      : [
          ['known by', METHOD_LABELS[method]] as [string, string],
          ['rule', ruleText(rule)] as [string, string],
        ]),
  ];
  const lines = [
    ...pairs(facts),
    '',
    'Looked at (* decided):',
    ...pairs(
      explanation.evidence.map(({ kind, text, decided }) => [
        `${decided ? '*' : ' '} ${EVIDENCE_LABELS[kind]}`,
        text,
      ]),
    ),
  ];
  if (alternatives.length > 0) {
    lines.push(
      '',
      'Weaker evidence alone:',
      ...alternatives.map(
        (other) =>
          `  ${METHOD_LABELS[other.method]} ${other.agrees ? 'agree' : 'CONFLICT'}: ${other.layer_label}, ${ruleText(other.rule)}`,
      ),
    );
  }
  const notes = explanation.note === '' ? [] : ['', explanation.note];
  const table = plainTable({
    columns: [
      { header: 'call', align: 'right' },
      { header: '', align: 'right' },
      { header: 'µs', align: 'right' },
      { header: 'layer type', align: 'left' },
      { header: 'layer', align: 'right' },
      { header: 'name', align: 'left' },
    ],
    rows: withItself(explanation).map((row) => [
      String(row.call),
      row.offset > 0 ? `+${row.offset}` : row.offset === 0 ? '>' : String(row.offset),
      formatMicros(row.duration_ns),
      row.layer_label,
      row.layer_index < 0 ? '' : String(row.layer_index),
      shortenMiddle(visibleText(row.name), NAME_WIDTH),
    ]),
  });
  return `${[...lines, ...notes].map(visibleText).join('\n')}\n\nOn the same stream:\n${table}`;
}

function layerWords({ layer_label: label, layer_index: index }: CallExplanation): string {
  return index < 0 ? label : `${label}, layer ${index}`;
}

function ruleText({ id, text }: RuleWords): string {
  return id === '' ? text : `${text} [${id}]`;
}

function withItself(explanation: CallExplanation) {
  const at = explanation.neighbours.findIndex(({ offset }) => offset > 0);
  return explanation.neighbours.toSpliced(at < 0 ? explanation.neighbours.length : at, 0, {
    ...explanation,
    offset: 0,
  });
}

/** "name   value" a line, the names as wide as the widest. */
function pairs(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
