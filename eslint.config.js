import neostandard, { plugins, resolveIgnoresFromGitignore } from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: resolveIgnoresFromGitignore() }),
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin },
    languageOptions: {
      parser: plugins['typescript-eslint'].parser,
      parserOptions: { project: 'tsconfig.lint.json' }
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': ['error', {
        // tap awaits its subtests itself
        allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }]
      }],
      '@typescript-eslint/no-misused-promises': 'error',
      'no-void': 'off' // it marks a promise that is not awaited on purpose
    }
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: { 'no-console': 'error' }
  }
]
