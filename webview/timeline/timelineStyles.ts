import { css } from 'lit';

/** px left of the plot: the names of the rows */
export const GUTTER = 84;

export const timelineStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    position: relative;
  }
  .tools {
    padding: 4px 10px;
  }
  .spring {
    flex: 1;
  }
  .ruler {
    border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
    cursor: col-resize;
    clip-path: inset(0 0 0 -${GUTTER}px);
    flex: none;
    height: 24px;
    margin-inline-start: ${GUTTER}px;
    overflow: visible;
    position: relative;
    touch-action: none;
    user-select: none;
  }
  .ruler svg {
    display: block;
    height: 24px;
    overflow: visible;
    pointer-events: none;
    width: 100%;
  }
  .ruler text {
    fill: var(--vscode-descriptionForeground);
    font-family: var(--vscode-font-family, system-ui, sans-serif);
    font-size: 11px;
    font-variant-numeric: tabular-nums;
  }
  .ruler .domain {
    display: none;
  }
  .ruler .tick line {
    stroke: var(--vscode-descriptionForeground);
    stroke-opacity: 0.5;
  }
  .band {
    background: color-mix(in srgb, var(--vscode-focusBorder) 28%, transparent);
    border-inline: 1px solid var(--vscode-focusBorder);
    bottom: 0;
    pointer-events: none;
    position: absolute;
    top: 0;
  }
  .markers {
    border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
    flex: none;
    height: 20px;
    margin-inline-start: ${GUTTER}px;
    overflow: hidden;
    position: relative;
  }
  .marker {
    background: var(--vscode-editorWidget-background);
    border: 1px solid var(--vscode-contrastBorder, transparent);
    border-inline-start: 3px solid
      var(--vscode-editorWarning-foreground, var(--vscode-descriptionForeground));
    color: var(--vscode-foreground);
    cursor: pointer;
    font: inherit;
    font-size: 11px;
    height: 18px;
    line-height: 15px;
    overflow: hidden;
    padding: 0 4px;
    position: absolute;
    text-overflow: ellipsis;
    top: 1px;
    white-space: nowrap;
  }
  .body {
    flex: 1;
    min-height: 0;
    outline-offset: -2px;
    overflow: hidden auto;
    position: relative;
  }
  canvas {
    display: block;
    left: 0;
    pointer-events: none;
    position: sticky;
    top: 0;
  }
  .content {
    left: 0;
    min-height: 100%;
    position: absolute;
    right: 0;
    top: 0;
  }
  .surface {
    bottom: 0;
    cursor: default;
    left: ${GUTTER}px;
    position: absolute;
    right: 0;
    top: 0;
    touch-action: none;
  }
  .surface.dragging {
    cursor: grabbing;
  }
  .heading {
    align-items: center;
    background: none;
    border: 0;
    color: var(--vscode-foreground);
    cursor: pointer;
    display: flex;
    font: inherit;
    font-size: 12px;
    gap: 6px;
    height: 22px;
    left: 0;
    max-width: 90%;
    overflow: hidden;
    padding: 0 8px;
    position: absolute;
    white-space: nowrap;
  }
  .heading:hover .label {
    text-decoration: underline;
  }
  .heading .twistie {
    width: 10px;
  }
  .tooltip {
    background: var(--vscode-editorHoverWidget-background);
    border: 1px solid
      var(--vscode-editorHoverWidget-border, var(--vscode-contrastBorder, transparent));
    border-radius: 3px;
    box-shadow: 0 2px 8px var(--vscode-widget-shadow, transparent);
    color: var(--vscode-editorHoverWidget-foreground);
    font-size: 12px;
    left: 0;
    max-width: min(460px, 90%);
    padding: 4px 8px;
    pointer-events: none;
    position: absolute;
    top: 0;
    z-index: 5;
  }
  .tooltip[hidden] {
    display: none;
  }
  .tooltip b {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .keys {
    background: var(--vscode-editorHoverWidget-background);
    border: 1px solid
      var(--vscode-editorHoverWidget-border, var(--vscode-contrastBorder, transparent));
    color: var(--vscode-editorHoverWidget-foreground);
    inset: auto;
    margin: 0;
    padding: 8px 12px;
    position: fixed;
    right: 16px;
    bottom: 16px;
  }
  .keys dl {
    display: grid;
    gap: 2px 14px;
    grid-template-columns: auto auto;
    margin: 0;
  }
  .keys dt {
    font-weight: 600;
  }
  .keys dd {
    margin: 0;
  }
  @media (max-width: 640px) {
    .tools {
      gap: 2px 4px;
      padding: 2px 6px;
    }
    .range {
      display: none;
    }
  }
  @media (max-width: 480px) {
    .tool {
      min-width: 20px;
      padding: 1px 4px;
    }
  }
  @media (forced-colors: active) {
    .ruler text {
      fill: CanvasText;
    }
    canvas {
      forced-color-adjust: none;
    }
  }
`;
