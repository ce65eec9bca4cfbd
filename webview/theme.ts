import type { ThemeKind } from './palette.js';

/** What a canvas cannot take from CSS by itself. */
export interface CanvasTheme {
  readonly kind: ThemeKind;
  readonly ground: string;
  readonly text: string;
  readonly faintText: string;
  readonly line: string;
  readonly focus: string;
  readonly selection: string;
  readonly font: string;
}

const FONT = (family: string) => `11px ${family}`;

/** The kind VS Code states in the body's class; forced colours count as high contrast. */
export function themeKind(): ThemeKind {
  const classes = document.body.classList;
  const light = classes.contains('vscode-light') || classes.contains('vscode-high-contrast-light');
  if (matchMedia('(forced-colors: active)').matches) {
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'hcDark' : 'hcLight';
  }
  if (classes.contains('vscode-high-contrast') || classes.contains('vscode-high-contrast-light')) {
    return light ? 'hcLight' : 'hcDark';
  }
  return light ? 'light' : 'dark';
}

export function readTheme(): CanvasTheme {
  const kind = themeKind();
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string, otherwise: string) =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const dark = kind === 'dark' || kind === 'hcDark';
  if (matchMedia('(forced-colors: active)').matches) {
    // The user's own colours: a canvas knows them by their CSS names.
    return {
      kind,
      ground: 'Canvas',
      text: 'CanvasText',
      faintText: 'CanvasText',
      line: 'CanvasText',
      focus: 'Highlight',
      selection: 'CanvasText',
      font: FONT(variable('font-family', 'system-ui, sans-serif')),
    };
  }
  const text = variable('foreground', dark ? '#cccccc' : '#3b3b3b');
  return {
    kind,
    ground: variable('editor-background', dark ? '#1f1f1f' : '#ffffff'),
    text,
    faintText: variable('descriptionForeground', text),
    line: variable('contrastBorder', variable('panel-border', dark ? '#2b2b2b' : '#e5e5e5')),
    focus: variable('focusBorder', dark ? '#0078d4' : '#005fb8'),
    selection: variable('editor-foreground', text),
    font: FONT(variable('font-family', 'system-ui, sans-serif')),
  };
}

/** Calls `changed` when VS Code switches the theme. @returns a function that ends it */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  const forced = matchMedia('(forced-colors: active)');
  forced.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    forced.removeEventListener('change', changed);
  };
}
