import { describe, expect, it } from 'vitest';
import { traceHtml } from '../../../src/extension/traceHtml.js';

const html = traceHtml({
  script: 'https://files.example/dist/webview/main.js?a=1&b="2"',
  styles: ['https://files.example/dist/webview/main.css'],
  source: 'https://files.example',
  nonce: 'n0nce',
});

describe('traceHtml', () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  const directives = new Map(
    policy.split('; ').map((directive) => {
      const [name, ...values] = directive.split(' ');
      return [name, values.join(' ')] as const;
    }),
  );

  it('forbids everything that is not named', () => {
    expect(directives.get('default-src')).toBe("'none'");
    expect(directives.get('script-src')).toBe("'nonce-n0nce'");
    expect(directives.get('style-src')).toBe('https://files.example');
    expect(directives.get('connect-src')).toBeUndefined();
    expect(policy).not.toMatch(/unsafe-|\*|data:|blob:/);
  });

  it('has no script, style or handler of its own', () => {
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('<script nonce="n0nce" src="');
    expect(html).not.toMatch(/<style|style=| on\w+=/);
  });

  it('escapes addresses', () => {
    expect(html).toContain('main.js?a=1&amp;b=&quot;2&quot;"');
  });
});
