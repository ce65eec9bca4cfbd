import { css } from 'lit';

/** Type, figures and focus as VS Code's own editors have them. */
export const baseStyles = css`
  :host {
    box-sizing: border-box;
    color: var(--vscode-foreground);
    font-family: var(--vscode-font-family, system-ui, sans-serif);
    font-size: var(--vscode-font-size, 13px);
    line-height: 1.4;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  .figure,
  td.number,
  th.number {
    font-variant-numeric: tabular-nums;
  }
  .faint {
    color: var(--vscode-descriptionForeground);
  }
  .error {
    color: var(--vscode-errorForeground);
    overflow-wrap: anywhere;
  }
  h2,
  h3 {
    font-size: 11px;
    font-weight: 600;
    letter-spacing: 0.04em;
    margin: 0;
    text-transform: uppercase;
    color: var(--vscode-descriptionForeground);
  }
  .mono {
    font-family: var(--vscode-editor-font-family, monospace);
    font-size: var(--vscode-editor-font-size, 12px);
  }
  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }
  .link {
    background: none;
    border: 0;
    color: var(--vscode-textLink-foreground);
    cursor: pointer;
    font: inherit;
    padding: 0;
    text-align: start;
  }
  .link:hover {
    color: var(--vscode-textLink-activeForeground);
    text-decoration: underline;
  }
  .visually-hidden {
    clip-path: inset(50%);
    height: 1px;
    overflow: hidden;
    position: absolute;
    white-space: nowrap;
    width: 1px;
  }
`;

/** Small buttons of toolbars. */
export const toolStyles = css`
  .tools {
    align-items: center;
    display: flex;
    flex-wrap: wrap;
    gap: 4px 8px;
  }
  .tool {
    background: transparent;
    border: 1px solid transparent;
    border-radius: 4px;
    color: var(--vscode-foreground);
    cursor: pointer;
    font: inherit;
    font-size: 12px;
    line-height: 18px;
    min-width: 22px;
    padding: 1px 6px;
    white-space: nowrap;
  }
  .tool:hover:not(:disabled) {
    background: var(--vscode-toolbar-hoverBackground);
    outline: 1px dashed var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }
  .tool:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
  }
  .tool:disabled {
    cursor: default;
    opacity: 0.45;
  }
  .tool.bordered {
    border-color: var(--vscode-button-border, var(--vscode-widget-border, transparent));
  }
  .chip {
    align-items: center;
    background: var(--vscode-badge-background);
    border: 1px solid var(--vscode-contrastBorder, transparent);
    border-radius: 10px;
    color: var(--vscode-badge-foreground);
    display: inline-flex;
    font-size: 11px;
    gap: 6px;
    line-height: 18px;
    padding: 0 4px 0 9px;
    white-space: nowrap;
  }
  .chip button {
    background: none;
    border: 0;
    border-radius: 8px;
    color: inherit;
    cursor: pointer;
    font: inherit;
    padding: 0 5px;
    text-decoration: underline;
  }
`;

/** Dense tables with aligned figures. */
export const tableStyles = css`
  table {
    border-collapse: separate;
    border-spacing: 0;
    width: 100%;
  }
  th,
  td {
    font-weight: normal;
    height: 24px;
    overflow: hidden;
    padding: 0 10px;
    text-align: start;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  th {
    background: var(--vscode-editor-background);
    border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
    color: var(--vscode-descriptionForeground);
    font-size: 12px;
    position: sticky;
    top: 0;
    z-index: 1;
  }
  th.number,
  td.number {
    text-align: end;
  }
  th button {
    background: none;
    border: 0;
    color: inherit;
    cursor: pointer;
    font: inherit;
    max-width: 100%;
    overflow: hidden;
    padding: 0;
    text-overflow: ellipsis;
  }
  th button:hover {
    color: var(--vscode-foreground);
  }
  th[aria-sort='ascending'] button,
  th[aria-sort='descending'] button {
    color: var(--vscode-foreground);
    font-weight: 600;
  }
  tbody tr {
    cursor: default;
  }
  tbody tr:hover td {
    background: var(--vscode-list-hoverBackground);
  }
  tbody tr:focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: -1px;
  }
  tbody tr[aria-selected='true'] td {
    background: var(--vscode-list-inactiveSelectionBackground);
    color: var(--vscode-list-inactiveSelectionForeground, inherit);
  }
  tbody:focus-within tr[aria-selected='true'] td {
    background: var(--vscode-list-activeSelectionBackground);
    color: var(--vscode-list-activeSelectionForeground, inherit);
  }
  /* High contrast themes have no selection colour but this border. */
  tbody tr[aria-selected='true']:not(:focus-visible) {
    outline: 1px dotted var(--vscode-contrastActiveBorder, transparent);
    outline-offset: -1px;
  }
  @media (forced-colors: active) {
    tbody tr[aria-selected='true'] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;

/** A view that fills its tab: tools at the top, what scrolls below them. */
export const paneStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
    min-height: 0;
  }
  .tools {
    padding: 6px 10px;
  }
  .spring {
    flex: 1;
  }
  .scroll {
    flex: 1;
    min-height: 0;
    overflow: auto;
  }
`;
