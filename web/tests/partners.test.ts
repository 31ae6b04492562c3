/** Partners and volunteers: a shop from the code at its door to thanks, a volunteer from the list to hours. */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, settled, signIn } from './browser';

afterAll(close);

/** Fills in who signs up, consents, sends it, and opens the own door. */
async function signUp(page: Page, name: string, phone: string): Promise<void> {
  await page.getByRole('heading', { name: '加入共建伙伴' }).waitFor();
  await page.getByLabel(/^(名称|姓名)/).fill(name);
  await page.getByLabel(/^电话/).fill('12');
  await page.getByRole('button', { name: '提交登记' }).click();
  await page.getByText('请填写正确的手机号').waitFor();
  await page.getByText('请阅读并同意后再提交').waitFor();
  await page.getByLabel(/^电话/).fill(phone);
  await page.getByLabel('我已阅读并同意').check();
  await page.getByRole('button', { name: '提交登记' }).click();
  await page.getByRole('heading', { name: '登记已提交' }).waitFor();
  const storage = await page.evaluate(() => JSON.stringify(localStorage));
  expect(storage, 'who signs up is not kept on the phone').not.toContain(phone);
  await page.getByRole('button', { name: '保存到本机' }).click();
  await page.getByRole('link', { name: '我的共建' }).click();
  await page.getByText('待审核').waitFor();
}

/** The community admits whoever waits under this name. */
async function admit(console: Page, name: string): Promise<void> {
  await console.goto('/console/partners');
  await settled(console);
  await console.getByRole('button', { name, exact: true }).click();
  const dialog = console.getByRole('dialog');
  await dialog.getByRole('button', { name: '通过', exact: true }).click();
  await dialog.getByText('已加入').waitFor();
  await dialog.getByRole('button', { name: '关闭' }).click();
}

/** The community sets something that has begun an hour ago. */
async function set(console: Page, kind: string, title: string): Promise<void> {
  await console.goto('/console/partners?show=activities');
  await console.getByRole('button', { name: '布置活动' }).click();
  const dialog = console.getByRole('dialog', { name: '布置活动' });
  await dialog.getByLabel('类型').selectOption({ label: kind });
  await dialog.getByLabel('名称').fill(title);
  await dialog.getByLabel('内容').fill('带上手套，清理门前和背街。');
  await dialog.getByLabel('范围').selectOption('lh.dm.c01');
  await dialog.getByLabel('地点').fill('社区广场');
  const local = (hours: number) =>
    new Date(Date.now() + (hours + 8) * 3_600_000).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length);
  await dialog.getByLabel('开始').fill(local(-1));
  await dialog.getByLabel('结束').fill(local(2));
  await dialog.getByLabel(/时长/).fill('2');
  await dialog.getByRole('button', { name: '布置活动' }).click();
  await dialog.waitFor({ state: 'detached' });
}

/** The community confirms who came, with hours, and says thanks. */
async function thank(console: Page, title: string, hours: string, line: string): Promise<void> {
  await console.goto('/console/partners?show=activities');
  await console.getByRole('button', { name: title }).click();
  const dialog = console.getByRole('dialog');
  await dialog.getByRole('button', { name: /^确认到场/ }).click();
  await dialog.getByLabel(/记时长/).fill(hours);
  await dialog.getByRole('button', { name: '确定' }).click();
  await dialog.getByText(`已到场，记 ${hours} 小时`).waitFor();
  await dialog.getByRole('button', { name: /^致谢/ }).click();
  await dialog.getByRole('textbox').fill(line);
  await dialog.getByRole('button', { name: '确定' }).click();
  await dialog.getByText(`致谢： ${line}`).waitFor();
}

test('a shop signs up by the code of its spot, is admitted, takes a task, says it is done, and is thanked', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/q/s001');
  await page.getByRole('link', { name: '加入共建' }).click();
  await page.getByText('已由二维码带出').waitFor();
  await signUp(page, '好运来面馆', '13900000301');

  const office = await person();
  await signIn(office.context, 'c01a');
  await office.page.goto('/console/notices');
  await office.page
    .getByText(/商户申请加入共建/)
    .first()
    .waitFor();
  await admit(office.page, '好运来面馆');
  await set(office.page, '共建任务', '门前清洁一刻钟');

  await page.reload();
  const offer = page.getByRole('region', { name: '可以参加' }).getByRole('group', { name: '门前清洁一刻钟' });
  await offer.getByRole('button', { name: '报名' }).click();
  const mine = page.getByRole('region', { name: '我参加的' }).getByRole('group', { name: '门前清洁一刻钟' });
  await mine.getByRole('button', { name: '完成了' }).click();
  await mine.getByLabel('做了什么').fill('门前冲洗干净，杂物已清。');
  await mine.getByRole('button', { name: '完成了' }).click();
  await mine.getByText('待社区确认').waitFor();

  await thank(office.page, '门前清洁一刻钟', '0.5', '干净利落，谢谢！');
  await page.reload();
  await mine.getByText('已确认，记 0.5 小时').waitFor();
  await mine.getByText('干净利落，谢谢！').waitFor();

  // Its self-check finds what it cannot mend: the words and the place are filled in, and its door keeps the number.
  const check = page.getByRole('group', { name: '门前三包' });
  await check.getByRole('button', { name: '开始自查' }).click();
  for (const [item, answer] of [
    ['包卫生', '符合'],
    ['包秩序', '不符合'],
    ['包绿化', '符合'],
  ] as const) {
    await check.getByRole('group', { name: item }).getByText(answer, { exact: true }).click();
  }
  await check.getByRole('button', { name: '提交自查' }).click();
  await check.getByRole('button', { name: '反映一下' }).click();
  expect(await page.getByLabel('请说说情况').inputValue()).toContain('门前有占道摆放');
  await page.getByText('第 1 步，共 2 步').waitFor();
  await page.getByRole('button', { name: '下一步' }).click();
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByRole('heading', { name: '已收到' }).waitFor();
  const number = (await page.locator('.ticket dd').first().innerText()).trim();
  await page.goto('/partner');
  await page.getByRole('link', { name: number }).waitFor();
  expect([...errors, ...office.errors]).toEqual([]);
  await context.close();
  await office.context.close();
});

test('a volunteer finds an activity, signs up, is admitted, takes part, and gets hours', async () => {
  const office = await person();
  await signIn(office.context, 'c01a');
  await set(office.page, '志愿活动', '老街晨扫');
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/');
  await page.getByRole('link', { name: '志愿活动' }).click();
  const card = page.getByRole('region', { name: '老街晨扫' });
  await card.getByText('已报 0，共 10').waitFor();
  await card.getByRole('button', { name: '报名' }).click();
  await page.getByLabel('所在网格').selectOption('lh.dm.c01.g01');
  await signUp(page, '慕容志愿', '13900000302');

  // The console shows a person masked; the contact only for a reason.
  await admit(office.page, '慕***');
  await office.page.getByRole('button', { name: '已加入' }).click();
  await office.page.getByRole('button', { name: '慕***', exact: true }).click();
  const dialog = office.page.getByRole('dialog');
  await dialog.getByText('139****0302').waitFor();
  await dialog.getByRole('button', { name: '查看联系方式' }).click();
  await dialog.getByLabel(/用途/).fill('通知集合时间');
  await dialog.getByRole('button', { name: '确定' }).click();
  await dialog.getByRole('link', { name: '13900000302' }).waitFor();

  // A lost code is replaced, after a question; the new one is told this once.
  await dialog.getByRole('button', { name: '补发口令' }).click();
  await dialog.getByText('原口令随即失效').waitFor();
  await dialog.locator('form').getByRole('button', { name: '补发口令' }).click();
  const told = await dialog.getByRole('status').innerText();
  const [address, code] = [
    /\/partner\/[0-9a-f-]+/.exec(told)?.[0] ?? '',
    /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(told)?.[0] ?? '',
  ];
  await page.goto(address);
  await page.getByLabel('口令').fill(code);
  await page.getByRole('button', { name: '进入' }).click();
  await page.getByText('已加入').waitFor();
  await page.getByRole('button', { name: '保存到本机' }).click();

  await page.goto('/volunteering');
  await card.getByRole('button', { name: '报名' }).click();
  await page.getByRole('region', { name: '我参加的' }).getByRole('group', { name: '老街晨扫' }).waitFor();
  await thank(office.page, '老街晨扫', '1.5', '起得真早，谢谢！');
  await page.goto('/partner');
  await page.getByText('已确认，记 1.5 小时').waitFor();
  expect(await page.locator('.sums dd').allInnerTexts()).toEqual(['1.5', '1']);
  expect([...errors, ...office.errors]).toEqual([]);
  await context.close();
  await office.context.close();
});
