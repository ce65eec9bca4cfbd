/** Stands in for what VS Code gives a webview: messages go to and come from `serve.mjs`. */

interface EncodedArray {
  readonly $array: string;
  readonly base64: string;
}

const ARRAY_TYPES = { Float64Array, Uint32Array, Int32Array, Uint8Array } as const;

function isEncodedArray(value: unknown): value is EncodedArray {
  return typeof value === 'object' && value !== null && '$array' in value;
}

function revive(_key: string, value: unknown): unknown {
  if (!isEncodedArray(value)) {
    return value;
  }
  const type = ARRAY_TYPES[value.$array as keyof typeof ARRAY_TYPES];
  return new type(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer);
}

const theme = new URLSearchParams(location.search).get('theme') ?? 'dark';
document.documentElement.dataset['theme'] = theme;
document.body.classList.add(
  ...({
    dark: ['vscode-dark'],
    light: ['vscode-light'],
    'hc-dark': ['vscode-high-contrast'],
    'hc-light': ['vscode-high-contrast', 'vscode-high-contrast-light'],
  }[theme] ?? ['vscode-dark']),
);

let kept: unknown;
const connected = new Promise<void>((resolve) => {
  const events = new EventSource('/events');
  events.addEventListener('open', () => resolve());
  events.addEventListener('message', (event: MessageEvent<string>) => {
    window.postMessage(JSON.parse(event.data, revive));
  });
});

Object.assign(globalThis, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => {
      void connected.then(() =>
        fetch('/message', { method: 'POST', body: JSON.stringify(message) }),
      );
    },
    getState: () => kept,
    setState: (state: unknown) => (kept = state),
  }),
});
