/** What the page of the trace editor is made of; all addresses are webview addresses. */
export interface TracePage {
  readonly script: string;
  readonly styles: readonly string[];
  /** `webview.cspSource`: where the extension's own files come from */
  readonly source: string;
  /** unguessable, made anew for each page */
  readonly nonce: string;
}

/**
 * The page the webview's code draws into. It runs the one script that carries the nonce and takes
 * styles, fonts and pictures from the extension only; nothing inline, nothing from the network.
 */
export function traceHtml(page: TracePage): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${page.nonce}'`,
    `style-src ${page.source}`,
    `font-src ${page.source}`,
    `img-src ${page.source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const styles = page.styles.map((href) => `<link rel="stylesheet" href="${attribute(href)}">`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
${styles.join('\n')}
<title>Layerscope</title>
</head>
<body>
<script nonce="${page.nonce}" src="${attribute(page.script)}"></script>
</body>
</html>`;
}

function attribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
}
