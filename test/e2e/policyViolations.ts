import type { Page } from 'playwright-core';

/**
 * What browsers refuse the page from now on because a content security policy forbids it, in frames that
 * are made later, too: a webview whose style was refused still shows something.
 */
export async function policyViolations(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy|^Refused to/i.test(text)) {
      found.push(text);
    }
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { violatedDirective, blockedURI, sourceFile } = event;
      console.error(`Content Security Policy: ${violatedDirective} ${blockedURI} ${sourceFile}`);
    });
  });
  return found;
}
