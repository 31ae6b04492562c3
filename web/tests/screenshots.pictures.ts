/** Draws every page at the size of an office PC and of a phone into `docs/screenshots`: `cargo xtask web screenshots`. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, test } from 'vitest';
import { close, OFFICE, open, PHONE, person } from './browser';
import { PAGES } from './pages';

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));

afterAll(close);

test('screenshots', async () => {
  await mkdir(FOLDER, { recursive: true });
  for (const [name, viewport] of [
    ['office', OFFICE],
    ['phone', PHONE],
  ] as const) {
    for (const spec of PAGES) {
      const { context, page } = await person({ viewport });
      await open(context, page, spec);
      await page.screenshot({ path: `${FOLDER}/${spec.title}.${name}.jpg`, type: 'jpeg', quality: 72 });
      await context.close();
    }
  }
}, 600_000);
