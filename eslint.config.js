import tseslint from 'typescript-eslint';

/** The rooms in the order a trace flows through them: none may import from a later one. */
const rooms = [
  'trace',
  'sqlite',
  'formats',
  'layers',
  'analysis',
  'source',
  'query',
  'exchange',
  'session',
];
/** Front ends: each stands on the session and none on another. */
const fronts = ['extension', 'server', 'cli', 'webview'];

const order = [
  ...rooms.map((room, i) => forbid(`src/${room}`, [...rooms.slice(i + 1), ...fronts])),
  ...fronts.map((front) =>
    forbid(
      front === 'webview' ? front : `src/${front}`,
      fronts.filter((other) => other !== front),
    ),
  ),
];

/** Files of a room may not import, by a relative path, from these folders. */
function forbid(room, folders) {
  return {
    files: [`${room}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `\\.\\./(src/)?(${folders.join('|')})/`,
              message: `${room} stands before that folder in the way a trace flows.`,
            },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'test-results/', '.demo/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
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
  ...order,
);
