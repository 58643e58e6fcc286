import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
    { ignores: ['dist/', 'cdk.out/', '.tools/'] },
    eslint.configs.recommended,
    {
        files: ['**/*.ts', '**/*.mts'],
        extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
        languageOptions: { parserOptions: { projectService: true } },
        linterOptions: { reportUnusedDisableDirectives: 'error' },
        rules: {
            // A construct adds itself to its scope.
            'no-new': 'off',
            // `test` of node:test returns a promise that the runner awaits.
            '@typescript-eslint/no-floating-promises': [
                'error',
                {
                    allowForKnownSafeCalls: [
                        { from: 'package', name: ['test'], package: 'node:test' },
                    ],
                },
            ],
            // Nothing is written outside the clone: tests have scratchFolder().
            'no-restricted-imports': [
                'error',
                { name: 'node:os', importNames: ['tmpdir', 'homedir'] },
            ],
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
        },
    },
);
