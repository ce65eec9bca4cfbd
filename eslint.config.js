import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';

/** The rooms in the order a trace flows through them: none may import from a later one. */
const rooms = ['trace', 'sqlite', 'formats', 'layers', 'analysis', 'source', 'query', 'session'];
/** Front ends: each stands on the session and none on another. */
const fronts = ['src/extension', 'src/server', 'src/cli', 'webview'];

const zones = [
  ...rooms.map((room, i) => ({
    target: `./src/${room}`,
    from: [...rooms.slice(i + 1).map((later) => `./src/${later}`), ...fronts.map((f) => `./${f}`)],
    message: `src/${room} stands before that room in the way a trace flows.`,
  })),
  ...fronts.map((front) => ({
    target: `./${front}`,
    from: fronts.filter((other) => other !== front).map((f) => `./${f}`),
    message: 'Front ends do not import from one another.',
  })),
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'test-results/', '.demo/'] },
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='eval']",
          message: 'The content security policy forbids it.',
        },
      ],
    },
  },
);
