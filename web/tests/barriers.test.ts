import { afterAll, expect, test } from 'vitest';
import { barriers, close, type Look, OFFICE, open, PHONE, person, sticksOut } from './browser';
import { PAGES } from './pages';

afterAll(close);

const LOOKS: [string, Look][] = [
  ['light, zh, office', { viewport: OFFICE }],
  ['dark, en, office', { viewport: OFFICE, theme: 'dark', language: 'en' }],
  ['large, zh, phone', { viewport: PHONE, size: 'large' }],
  ['dark, large, en, phone', { viewport: PHONE, size: 'large', theme: 'dark', language: 'en' }],
];

for (const [name, look] of LOOKS) {
  test(`no barriers and nothing sticking out: ${name}`, async () => {
    const found: string[] = [];
    for (const spec of PAGES) {
      const { title } = spec;
      const { context, page, errors } = await person(look);
      await open(context, page, spec);
      found.push(
        ...(await barriers(page)).map((one) => `${title}: ${one}`),
        ...errors.map((one) => `${title}: ${one}`),
      );
      if (await sticksOut(page)) found.push(`${title}: sticks out at the side`);
      const text = await page.locator('body').innerText();
      if (look.language === 'en' && /登录|待办|诉求件|加载/.test(text))
        found.push(`${title}: Chinese words in the English interface`);
      await context.close();
    }
    expect(found).toEqual([]);
  });
}

test('every page is usable 320 px wide', async () => {
  const found: string[] = [];
  for (const spec of PAGES) {
    const { context, page } = await person({ viewport: { width: 320, height: 640 } });
    await open(context, page, spec);
    if (await sticksOut(page)) found.push(spec.title);
    await context.close();
  }
  expect(found).toEqual([]);
});
