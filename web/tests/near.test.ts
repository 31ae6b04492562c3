/** A resident finds the nearest service, with and without telling where they are, and a guide by searching. */
import { readFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { barriers, close, OFFICE, PHONE, person, settled, signIn } from './browser';

afterAll(close);

/** Metres of the list as it stands, from the top. */
async function metres(page: import('playwright-core').Page): Promise<number[]> {
  const lines = await page
    .getByRole('list', { name: '身边服务' })
    .getByText(/约 \d+ 米/)
    .allInnerTexts();
  return lines.map((line) => Number(/约 (\d+) 米/.exec(line)?.[1]));
}

test('where the phone is: the nearest first, how far, and a number to call', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await context.grantPermissions(['geolocation']);
  await context.setGeolocation({ longitude: 114.112582, latitude: 22.538871 });
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  await page.goto('/');
  await page.getByRole('link', { name: '便民服务' }).click();
  await page.getByText('告诉我们您在哪里').waitFor();
  await page.getByRole('button', { name: '按我的位置查找' }).click();
  await page.getByText('从您的位置算起').waitFor();
  await page.getByText('距离按道路步行计算').waitFor();
  const far = await metres(page);
  expect(far.length).toBeGreaterThan(3);
  expect(far).toEqual([...far].sort((a, b) => a - b));
  await page
    .getByText(/步行 \d+ 分钟/)
    .nth(1)
    .waitFor();
  expect(await page.locator('a[href^="tel:"]').count()).toBeGreaterThan(0);
  await page.getByLabel('类型').selectOption({ label: '社康中心' });
  await page
    .getByRole('heading', { level: 3, name: /健康服务中心/ })
    .first()
    .waitFor();
  await page.getByRole('img', { name: /示意图/ }).waitFor();
  await page.getByRole('button', { name: '助企服务' }).click();
  await page
    .getByRole('heading', { level: 3, name: /企业服务窗口|自助办照点/ })
    .first()
    .waitFor();
  expect(
    addresses.filter((one) => /114\.1|22\.5/.test(one)),
    'where somebody is stands in no address',
  ).toEqual([]);
  const storage = await page.evaluate(() => JSON.stringify(localStorage));
  expect(storage, 'nor is it kept').not.toContain('114.1125');
  expect(errors).toEqual([]);
  await context.close();
});

test('without a location a grid is chosen; a place elsewhere is told in words', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/near');
  await page.getByRole('button', { name: '按我的位置查找' }).click();
  await page.getByText('无法定位，请选择所在网格').waitFor();
  await page.getByLabel('或选择所在网格').selectOption('lh.dm.c03.g02');
  await page.getByText(/中部算起/).waitFor();
  expect((await metres(page)).length).toBeGreaterThan(3);
  await context.grantPermissions(['geolocation']);
  await context.setGeolocation({ longitude: 116.39, latitude: 39.9 });
  await page.getByRole('button', { name: '按我的位置查找' }).click();
  await page.getByText('该位置不在本辖区及附近，请改为选择网格').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a guide is found by what people call it, and what was solved nearby names nobody', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/');
  await page.getByRole('link', { name: /办事指南/ }).click();
  await page.getByLabel('想办什么？').fill('怎么办居住证');
  await page.getByRole('button', { name: '查找' }).click();
  await page.getByText('1 份指南').waitFor();
  await page.getByRole('link', { name: /居住证申领/ }).click();
  await page.getByRole('heading', { level: 1, name: '居住证申领' }).waitFor();
  await page.getByText('所需材料').waitFor();
  await page.goto('/guides');
  await page.getByLabel('想办什么？').fill('宇宙飞船');
  await page.getByRole('button', { name: '查找' }).click();
  await page.getByText('没有找到相关指南').waitFor();
  await page.goto('/here');
  await page.getByLabel('选择所在社区和网格').selectOption('lh.dm.c01.g01');
  await page.getByRole('heading', { name: '身边已解决' }).waitFor();
  await page.getByText('不足 3 件的不列出').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('two who change a guide at once do not overwrite each other, and nothing typed is lost', async () => {
  const { context, page, errors } = await person({ viewport: OFFICE });
  await signIn(context, 'c01a');
  const text = { title: '社区图书角', section: 'public_good', text: '一、登记。' };
  const headers = { 'x-jiban': 'web' };
  const made = await context.request.post('/api/v1/guides', { headers, data: { unit: 'lh.dm.c01', text } });
  expect(made.status(), await made.text()).toBe(201);
  const id = ((await made.json()) as { guide: { id: string } }).guide.id;
  await page.goto('/console/guides');
  const mine = page.getByRole('listitem').filter({ hasText: '社区图书角' });
  await mine.getByRole('button', { name: '修改' }).click();
  await page.getByLabel('办理流程').fill('一、凭证借阅。');
  const data = { act: 'change', text: { ...text, text: '一、周末开放。' } };
  expect((await context.request.post(`/api/v1/guides/${id}/acts`, { headers, data })).status()).toBe(200);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: '保存', exact: true }).click();
  await dialog.getByText('其他人改过这份指南').waitFor();
  expect(await dialog.getByLabel('办理流程').inputValue()).toBe('一、凭证借阅。');
  await dialog.getByText(/^现行内容/).click();
  await dialog.getByText('一、周末开放。').waitFor();
  await dialog.getByRole('button', { name: '以我的为准保存' }).click();
  await mine.getByText('一、凭证借阅。').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('staff write a guide, look at it as residents will, publish it, and take it back', async () => {
  const { context, page, errors } = await person({ viewport: OFFICE });
  await signIn(context, 'c01a');
  await page.goto('/console/guides');
  await page.getByRole('button', { name: '写指南' }).click();
  await page.getByRole('button', { name: '预览' }).click();
  await page.getByText('请填写此项').first().waitFor();
  await page.getByLabel('标题').fill('社区球场预约');
  await page.getByLabel('办理流程').fill('一、电话预约。\n二、凭身份证入场。');
  await page.getByRole('button', { name: '预览' }).click();
  await page.getByRole('heading', { name: '社区球场预约' }).waitFor();
  await page.getByRole('button', { name: '保存并发布' }).click();
  await page.getByText('已发布，居民页面可见').waitFor();
  const resident = await person({ viewport: PHONE });
  const find = async () => {
    await resident.page.goto('/guides');
    await resident.page.getByLabel('想办什么？').fill('球场');
    await resident.page.getByRole('button', { name: '查找' }).click();
    await settled(resident.page);
  };
  await find();
  await resident.page.getByRole('link', { name: /社区球场预约/ }).waitFor();
  const mine = page.getByRole('listitem').filter({ hasText: '社区球场预约' });
  await mine.getByRole('button', { name: '撤下' }).click();
  await mine.getByText('已撤下').waitFor();
  await find();
  await resident.page.getByText('没有找到相关指南').waitFor();
  expect([...errors, ...resident.errors]).toEqual([]);
  await context.close();
  await resident.context.close();
});

test('a table of guides is taken over, and the rows that cannot be are told', async () => {
  const { context, page, errors } = await person({ viewport: OFFICE });
  await signIn(context, 'xlb1');
  await page.goto('/console/guides');
  await page.getByRole('button', { name: '导入表格' }).click();
  const dialog = page.getByRole('dialog', { name: '导入表格' });
  await dialog.getByRole('button', { name: '导入表格' }).click();
  await dialog.getByText('请选择 CSV 文件').waitFor();
  // The empty table, filled in.
  const [empty] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('link', { name: '下载空表' }).click(),
  ]);
  const rows = [
    '电动车上牌,便民服务,东门街道,车主,身份证、购车发票,交警服务点,每日 9:00—17:00,0755-2550-2001,一、验车。二、上牌。',
    '没有板块,别的,东门街道,,,,,,步骤',
  ];
  const table = `${await readFile(await empty.path(), 'utf8')}${rows.join('\r\n')}\r\n`;
  await dialog
    .getByLabel('指南表格')
    .setInputFiles({ name: '指南.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
  await dialog.getByLabel('导入后直接发布').check();
  await dialog.getByRole('button', { name: '导入表格' }).click();
  await dialog.getByText('新增 1 份，更新 0 份，未变 0 份，发布 1 份').waitFor();
  await dialog.getByText(/第 3 行，section：没有板块「别的」/).waitFor();
  expect(await barriers(page)).toEqual([]);
  await dialog.getByRole('button', { name: '关闭' }).last().click();
  await page.getByRole('listitem').filter({ hasText: '电动车上牌' }).waitFor();
  expect(errors).toEqual([]);
  await context.close();
});
