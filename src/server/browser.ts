import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createConnection,
} from 'vscode-languageserver/browser';
import { serve } from './serve.js';

/** What is used of the worker it runs in; TypeScript's own names for it belong to another library. */
declare const self: ConstructorParameters<typeof BrowserMessageReader>[0];

// Entry of vscode.dev: a web worker.
serve(createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self)));
