import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The product itself in a real browser: `cargo xtask web browser` builds the program and runs these.
export default defineConfig(({ mode }) => ({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: [mode === 'screenshots' ? 'tests/screenshots.pictures.ts' : 'tests/*.test.ts'],
    globalSetup: 'tests/demo.ts',
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // One program under test: files one after another.
    fileParallelism: false,
  },
}));
