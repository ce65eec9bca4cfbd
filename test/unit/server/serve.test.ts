import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import {
  StreamMessageReader,
  StreamMessageWriter,
  createConnection,
  createProtocolConnection,
  type CompletionItem,
  type Hover,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from 'vscode-languageserver/node';
import { serve } from '../../../src/server/serve.js';

let client: ProtocolConnection | undefined;
afterEach(() => client?.dispose());

function connected(): ProtocolConnection {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  serve(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)));
  client = createProtocolConnection(
    new StreamMessageReader(toClient),
    new StreamMessageWriter(toServer),
  );
  client.listen();
  return client;
}

it('answers an editor over the protocol', async () => {
  const editor = connected();
  const published = new Promise<PublishDiagnosticsParams>((resolve) =>
    editor.onNotification('textDocument/publishDiagnostics', resolve),
  );
  const { capabilities } = await editor.sendRequest<{ capabilities: object }>('initialize', {
    processId: null,
    rootUri: null,
    capabilities: {},
  });
  expect(capabilities).toMatchObject({ hoverProvider: true });
  const uri = 'file:///q.tracesql';
  const text = '-- title: x\nSELECT name FROM kernels;\nDROP TABLE x';
  await editor.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'tracesql', version: 1, text },
  });
  expect((await published).diagnostics).toMatchObject([
    { range: { start: { line: 2, character: 0 }, end: { line: 2, character: 12 } } },
  ]);
  const place = { textDocument: { uri }, position: { line: 1, character: 9 } };
  const items = await editor.sendRequest<CompletionItem[]>('textDocument/completion', place);
  expect(items.map((item) => item.label)).toContain('layer_type');
  const hover = await editor.sendRequest<Hover>('textDocument/hover', place);
  expect(JSON.stringify(hover.contents)).toContain('kernels.name');
});
