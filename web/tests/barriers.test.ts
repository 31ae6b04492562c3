import { afterAll, expect, test } from 'vitest';
import { barriers, close, type Look, OFFICE, open, PHONE, person, signIn, sticksOut } from './browser';
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
        ...(await sticksOut(page)).map((one) => `${title}: ${one}`),
        ...errors.map((one) => `${title}: ${one}`),
      );
      const text = await page.locator('body').innerText();
      if (look.language === 'en' && /登录|待办|诉求件|加载/.test(text))
        found.push(`${title}: Chinese words in the English interface`);
      await context.close();
    }
    expect(found).toEqual([]);
  });
}

test('no barriers in dialogs', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'admin');
  const found: string[] = [];
  const look = async (name: string) => {
    await page.getByRole('dialog').waitFor();
    found.push(...(await barriers(page)).map((one) => `${name}: ${one}`));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await page.goto('/console/organisation');
  await page.getByRole('button', { name: '导入组织' }).click();
  await look('organisation import');
  await page.goto('/console/policy');
  await page.getByRole('button', { name: '更新机制' }).click();
  await look('policy');
  for (const name of ['键盘快捷键', '修改密码', '设置动态码']) {
    await page.locator('summary').first().click();
    await page.getByRole('button', { name }).click();
    await look(name);
  }
  await page.keyboard.press('Control+k');
  await look('palette');
  await context.clearCookies();
  await signIn(context, 'xlb1');
  await page.goto('/console/public-notices');
  await page.getByRole('button', { name: '发布公告' }).click();
  await look('notice');
  await page.goto('/console/queue');
  await page.getByRole('button', { name: '导出' }).click();
  await look('export');
  const answer = await context.request.get('/api/v1/cases?state=handling&limit=1');
  const { cases } = (await answer.json()) as { cases: { number: string }[] };
  await page.goto(`/console/cases/${cases[0]?.number}`);
  for (const act of ['备注', '组建专班', '提级包案', '更正']) {
    const button = page.getByRole('button', { name: act, exact: true });
    if (!(await button.first().isVisible())) await page.getByText('其他操作').click();
    await button.first().click();
    await look(act);
  }
  expect(found).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
});

test('every page is usable 320 px wide', async () => {
  const found: string[] = [];
  for (const spec of PAGES) {
    const { context, page } = await person({ viewport: { width: 320, height: 640 } });
    await open(context, page, spec);
    found.push(...(await sticksOut(page)).map((one) => `${spec.title}: ${one}`));
    await context.close();
  }
  expect(found).toEqual([]);
});
