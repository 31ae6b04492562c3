/** A burst becomes a proposal, the proposal a campaign, the campaign a report that says what came of it. */
import { afterAll, expect, test } from 'vitest';
import { close, person, settled, signIn } from './browser';

afterAll(close);

test('a burst becomes a campaign with tasks, and ends in a report', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  const post = async (path: string, data: unknown) => {
    const answer = await context.request.post(`/api/v1${path}`, { data, headers: { 'x-jiban': 'web' } });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return answer.json();
  };
  for (let n = 0; n < 9; n++) {
    const reporter = { name: '某某', phone: `1380013${String(8000 + n)}` };
    const text = `充电柜半夜跳闸冒火花，第${n}户反映`;
    const told = await post('/cases', { channel: 'hotline', text, place: { spot: 's060' }, reporter });
    await post(`/cases/${told.id}/classify`, { class: 'fast', category: 'utility.power' });
  }
  await page.goto('/console/signals');
  await page.getByRole('button', { name: '立即查看' }).click();
  const weak = page.getByRole('region', { name: '待研判' });
  const burst = weak.getByRole('listitem').filter({ hasText: '充电柜' }).first();
  await burst.getByRole('link', { name: '立专项' }).click();
  const dialog = page.getByRole('dialog', { name: '立专项' });
  await dialog.getByText('由弱信号立专项').waitFor();
  expect(await dialog.getByLabel('针对的诉求分类').inputValue()).toBe('utility.power');
  expect(await dialog.getByLabel('名称').inputValue()).toContain('专项治理');
  await dialog.getByLabel('目标').fill('充电柜逐台检测，更换老化线路。');
  await dialog.getByLabel('牵头单位').selectOption('lh.dm.csb');
  await dialog.getByRole('button', { name: '立专项' }).click();
  await page.waitForURL(/\/console\/campaigns\/.+/);
  await settled(page);
  expect(
    Number(
      await page
        .getByRole('heading', { name: /诉求件/ })
        .locator('.number')
        .innerText(),
    ),
  ).toBeGreaterThanOrEqual(8);

  // A case of it tells that it belongs to it.
  const campaign = new URL(page.url()).pathname;
  await page.locator('main a[href*="/console/cases/"]').first().click();
  await page.waitForURL(/\/console\/cases\/.+/);
  await page.getByRole('region', { name: '基本情况' }).locator(`a[href="${campaign}"]`).click();
  await page.waitForURL(`**${campaign}`);

  // What fits later joins by itself; material is there for all who take part.
  await page.getByRole('button', { name: '归集诉求' }).click();
  const gathering = page.getByRole('dialog');
  await gathering.getByLabel('登记日期从').fill('2026-01-01');
  await gathering.getByLabel('保存条件').check();
  await gathering.getByRole('button', { name: '归集诉求' }).click();
  await gathering.waitFor({ state: 'detached' });
  await page.getByText('自动归集：').waitFor();
  await page.getByLabel('添加材料').setInputFiles({
    name: '检测报告.pdf',
    mimeType: 'application/pdf',
    buffer: Buffer.from('%PDF-1.4\n%%EOF\n'),
  });
  await page.getByRole('region', { name: '材料' }).getByRole('link', { name: '检测报告.pdf' }).waitFor();

  await page.getByRole('button', { name: '布置任务' }).click();
  const task = page.getByRole('dialog');
  await task.getByLabel('任务内容').fill('检测 12 台充电柜');
  await task.getByRole('button', { name: '布置任务' }).click();
  await task.waitFor({ state: 'detached' });
  const address = new URL(page.url()).pathname;

  // The unit finds it among its notices, and says that it is done.
  const unit = await person();
  await signIn(unit.context, 'csb1');
  await unit.page.goto('/console/notices');
  await unit.page
    .getByText(/专项任务.*检测 12 台充电柜/)
    .first()
    .waitFor();
  await unit.page.goto(address);
  await unit.page.getByRole('button', { name: '完成任务' }).click();
  const done = unit.page.getByRole('dialog');
  await done.getByLabel('完成情况').fill('已检测，更换 3 台。');
  await done.getByRole('button', { name: '完成任务' }).click();
  await done.waitFor({ state: 'detached' });
  await unit.page.getByText('已检测，更换 3 台。').first().waitFor();

  await page.reload();
  await page.getByRole('button', { name: '结项' }).click();
  const ending = page.getByRole('dialog');
  await ending.getByLabel('总结').fill('线路已更换，每季检测一次。');
  await ending.getByRole('button', { name: '结项' }).click();
  await ending.waitFor({ state: 'detached' });
  await page.getByText('已结项').first().waitFor();
  await page.getByText('共布置任务 1 项，已完成 1 项，逾期 0 项。').waitFor();
  // Honest: a day is no time to measure an effect in.
  await page.getByText('暂不评估成效').waitFor();
  const file = await context.request.get(`/api/v1${address.replace('/console', '')}/file?form=docx`);
  expect((await file.body()).subarray(0, 2).toString()).toBe('PK');
  expect([...errors, ...unit.errors]).toEqual([]);
  await context.close();
  await unit.context.close();
});
