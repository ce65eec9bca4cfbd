import { css, html, nothing } from 'lit';
import { formatMicros } from '../../src/analysis/format.js';
import type {
  CallExplanation,
  EvidenceKind,
  EvidenceLine,
  NeighbourCall,
  RuleWords,
} from '../../src/analysis/results.js';
import { shortenMiddle, visibleText } from '../../src/analysis/visibleText.js';
import { METHOD_LABELS } from '../../src/trace/index.js';
import type { Loaded } from '../state.js';
import '../swatch.js';

/** Characters of a neighbour's name; the whole of it is its title. */
const NAME_WIDTH = 44;

const EVIDENCE_LABELS: Record<EvidenceKind, string> = {
  launch: 'Launch',
  modules: 'Modules',
  frame: 'Frame',
  operator: 'Operator',
  collective: 'Collective',
  position: 'Position',
  name: 'Name',
  companion: 'Companion',
};

export const whyStyles = css`
  .why dl {
    margin-bottom: 4px;
  }
  .why dd.mono {
    max-height: 5.6em;
    overflow: auto;
  }
  .why .decided {
    font-weight: 600;
  }
  .why h4 {
    color: var(--vscode-descriptionForeground);
    font-size: 12px;
    font-weight: normal;
    margin: 6px 0 2px;
  }
  .why .conflict {
    color: var(--vscode-editorWarning-foreground, var(--vscode-foreground));
    font-weight: 600;
  }
  .why .neighbour {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    width: 100%;
  }
  .why .itself {
    border-inline-start: 2px solid var(--vscode-focusBorder);
    padding-inline-start: 4px;
  }
`;

/** "Why this layer?": the rule, what was looked at, what else was possible, the calls around. */
export function whyLayer(
  { value, pending, error }: Loaded<CallExplanation>,
  select: (neighbour: NeighbourCall) => void,
) {
  const heading = value?.layer_type === 'unclassified' ? 'Why no layer type?' : 'Why this layer?';
  return html`<section
    class="why ${pending ? 'pending' : ''}"
    aria-labelledby="why"
    aria-busy=${pending}
    data-testid="why"
  >
    <h3 id="why">${heading}</h3>
    ${error === '' ? nothing : html`<p class="error" role="alert">${error}</p>`}
    ${
      value === null
        ? html`<p class="faint">${pending ? 'Reading…' : ''}</p>`
        : explained(value, select)
    }
  </section>`;
}

function explained(explanation: CallExplanation, select: (neighbour: NeighbourCall) => void) {
  const { method, rule, alternatives, evidence } = explanation;
  return html`<p class="rule" data-testid="why-rule">
      ${method === 'none' ? '' : `By ${METHOD_LABELS[method]}. `}${ruleText(rule)}
    </p>
    <dl>
      ${shown(evidence).map(
        ({ kind, text, decided }) =>
          html`<div>
            <dt class=${decided ? 'decided' : ''}>
              ${EVIDENCE_LABELS[kind]}${decided ? ' (decided)' : ''}
            </dt>
            <dd class=${kind === 'launch' || kind === 'position' ? '' : 'mono'}>
              ${visibleText(text)}
            </dd>
          </div>`,
      )}
    </dl>
    ${
      alternatives.length === 0
        ? nothing
        : html`<h4>What weaker evidence alone says</h4>
            <ul data-testid="why-others">
              ${alternatives.map(
                (other) =>
                  html`<li>
                    <span class=${other.agrees ? '' : 'conflict'}
                      >${other.agrees ? 'The same' : `Conflict: ${other.layer_label}`}</span
                    >
                    by ${METHOD_LABELS[other.method]}: ${ruleText(other.rule)}
                  </li>`,
              )}
            </ul>`
    }
    <h4>Before and after on ${visibleText(explanation.lane)}</h4>
    <ol data-testid="why-neighbours">
      ${withItself(explanation).map((row) =>
        row === null
          ? html`<li class="itself" aria-current="true">This call</li>`
          : html`<li>${neighbour(row, select)}</li>`,
      )}
    </ol>`;
}

function neighbour(row: NeighbourCall, select: (neighbour: NeighbourCall) => void) {
  const name = visibleText(row.name);
  const layer =
    row.layer_index < 0 ? row.layer_label : `${row.layer_label}, layer ${row.layer_index}`;
  return html`<button
    class="link neighbour"
    title="${name}
${formatMicros(row.duration_ns)} µs, ${layer}"
    @click=${() => select(row)}
  >
    <layerscope-swatch .type=${row.layer_type}></layerscope-swatch>
    ${layer} <span class="faint mono">${shortenMiddle(name, NAME_WIDTH)}</span>
  </button>`;
}

/** The name stands above already: it is repeated only where it decided. */
function shown(evidence: readonly EvidenceLine[]): readonly EvidenceLine[] {
  return evidence.filter(({ kind, decided }) => kind !== 'name' || decided);
}

/** The neighbours with null in the place of the call itself. */
function withItself({ neighbours }: CallExplanation): readonly (NeighbourCall | null)[] {
  const before = neighbours.filter(({ offset }) => offset < 0);
  return [...before, null, ...neighbours.slice(before.length)];
}

function ruleText({ id, text }: RuleWords): string {
  return visibleText(id === '' ? text : `${text} [${id}]`);
}
