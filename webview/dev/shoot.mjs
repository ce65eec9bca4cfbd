// Saves pictures of the trace editor outside VS Code. See README.md.
import { chromium } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from './serve.mjs';

const [name, ...traces] = process.argv.slice(2);
const folder = 'test-results/webview';
mkdirSync(folder, { recursive: true });

const server = await serve(traces, 0);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const troubles = [];

async function open(theme, width, height) {
  const page = await browser.newPage({ viewport: { width, height } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      troubles.push(message.text());
    }
  });
  page.on('pageerror', (error) => troubles.push(String(error.stack)));
  await page.goto(`${server.url}?theme=${theme}`);
  await page.getByTestId('layer-table').waitFor({ timeout: 60_000 });
  await page.waitForTimeout(800);
  return page;
}

async function shoot(page, suffix) {
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}-${suffix}.png`) });
}

try {
  const page = await open('dark', 1400, 900);
  await shoot(page, 'dark');
  await page.getByRole('tab', { name: /Stalls/ }).click();
  await shoot(page, 'dark-stalls');
  const stall = page.getByTestId('stall-table').locator('tbody tr').first();
  if ((await stall.count()) > 0) {
    await stall.click();
    await shoot(page, 'dark-stall');
  }
  await page.getByRole('tab', { name: 'Query' }).click();
  await page.getByTestId('run-query').click();
  await page
    .getByTestId('query-result')
    .or(page.getByTestId('query-error'))
    .first()
    .waitFor({ timeout: 60_000 });
  await shoot(page, 'dark-query');
  await page.close();
  for (const theme of ['light', 'hc-dark', 'hc-light']) {
    const themed = await open(theme, 1400, 900);
    await shoot(themed, theme);
    await themed.close();
  }
  const narrow = await open('dark', 700, 900);
  await shoot(narrow, 'narrow');
  await narrow.close();
} finally {
  await browser.close();
  await server.close();
}
console.log(troubles.length === 0 ? 'no console errors' : troubles.join('\n'));
