import {
  CompletionItemKind,
  DiagnosticSeverity,
  MarkupKind,
  TextDocumentSyncKind,
  TextDocuments,
  type Connection,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { complete, type Completion } from './complete.js';
import { diagnose } from './diagnose.js';
import { hover } from './hover.js';

const KINDS: Record<Completion['kind'], CompletionItemKind> = {
  view: CompletionItemKind.Class,
  column: CompletionItemKind.Field,
  function: CompletionItemKind.Function,
  keyword: CompletionItemKind.Keyword,
};

/** Answers an editor about trace SQL documents over `connection`. It reads no trace and no file. */
export function serve(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  connection.onInitialize(() => ({
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      completionProvider: { triggerCharacters: ['.'] },
      hoverProvider: true,
    },
    serverInfo: { name: 'Layerscope trace SQL' },
  }));
  connection.onCompletion(({ textDocument, position }) => {
    const document = documents.get(textDocument.uri);
    if (document === undefined) {
      return [];
    }
    return complete(document.getText(), document.offsetAt(position)).map((item) => ({
      label: item.label,
      kind: KINDS[item.kind],
      detail: item.detail,
      documentation: item.documentation,
      insertText: item.insert ?? item.label,
    }));
  });
  connection.onHover(({ textDocument, position }) => {
    const document = documents.get(textDocument.uri);
    const found = document && hover(document.getText(), document.offsetAt(position));
    if (document === undefined || found === undefined) {
      return null;
    }
    return {
      contents: { kind: MarkupKind.Markdown, value: found.markdown },
      range: { start: document.positionAt(found.start), end: document.positionAt(found.end) },
    };
  });
  documents.onDidChangeContent(({ document }) => {
    const diagnostics = diagnose(document.getText()).map(({ message, start, end }) => ({
      severity: DiagnosticSeverity.Error,
      source: 'Layerscope',
      message,
      range: { start: document.positionAt(start), end: document.positionAt(end) },
    }));
    void connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
  });
  documents.onDidClose(({ document }) => {
    void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
  });
  documents.listen(connection);
  connection.listen();
}
