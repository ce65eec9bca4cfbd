import { ProposedFeatures, createConnection } from 'vscode-languageserver/node';
import { serve } from './serve.js';

// Entry of the desktop and of a remote: the client starts it as a process and says how to talk.
serve(createConnection(ProposedFeatures.all));
