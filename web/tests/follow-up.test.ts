import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { barriers, close, PHONE, person, signIn, sticksOut } from './browser';

afterAll(close);

interface Told {
  number: string;
  code: string;
}

/** Does an act through the interface. */
async function act(context: BrowserContext, number: string, name: string, data: object) {
  const answer = await context.request.post(`/api/v1/cases/${number}/${name}`, { data, headers: { 'x-jiban': 'web' } });
  expect(answer.status(), `${name}: ${await answer.text()}`).toBe(200);
}

/** A case that was told on a phone, and was finished. */
async function finished(text: string): Promise<Told> {
  const office = await person();
  const data = { channel: 'qr', text, place: { spot: 's001' }, reporter: { phone: '13900000055' } };
  const answer = await office.context.request.post('/api/v1/public/cases', { data });
  const { number, tracking_code: code } = (await answer.json()) as { number: string; tracking_code: string };
  await signIn(office.context, 'xlb1');
  const page = (await (await office.context.request.get(`/api/v1/cases/${number}`)).json()) as {
    case: { class?: string };
  };
  if (page.case.class == null) await act(office.context, number, 'classify', { class: 'fast', category: 'noise.shop' });
  await act(office.context, number, 'dispatch', { lead: 'lh.dm.zfd' });
  const street = await person();
  await signIn(street.context, 'zfd1');
  await act(street.context, number, 'accept', {});
  await act(street.context, number, 'contact', { reached: true });
  await act(street.context, number, 'verify', { finding: '属实' });
  await act(street.context, number, 'finish', { outcome: '已要求店家调低音量，并约定十点后关音响。' });
  await office.context.close();
  await street.context.close();
  return { number, code };
}

/** Chooses a call; what was finished just now is the last one due. */
async function pick(page: Page, name: RegExp) {
  const list = page.getByRole('region', { name: '待回访' });
  await list.getByRole('button').first().waitFor();
  for (let more = page.getByRole('button', { name: '载入更多' }); await more.isVisible(); ) {
    const before = await list.getByRole('listitem').count();
    await more.click();
    await page.waitForFunction((count) => document.querySelectorAll('.list li').length > count, before);
  }
  await list.getByRole('button', { name }).click();
}

test('who asks from the follow-up desk has the words, the reasons of a no, and keys for all of it', async () => {
  const told = await finished('烧烤店音响太吵，楼上睡不着，请来看看。');
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/follow-ups');
  await pick(page, /烧烤店音响太吵/);
  const call = page.getByRole('region', { name: '通话单' });
  await call.getByText(told.number).waitFor();
  await call.getByText(/您好，这里是东门街道回访专线.*烧烤店音响太吵/).waitFor();
  expect(await page.content(), 'no number before somebody asked for it').not.toContain('13900000055');
  await call.getByRole('button', { name: '查看身份' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('查看用途').fill('回访');
  await dialog.getByRole('button', { name: '查看身份' }).click();
  await call.getByRole('link', { name: '13900000055' }).waitFor();
  await page.locator('h1').click();
  await page.keyboard.press('y');
  await page.keyboard.press('y');
  await page.keyboard.press('n');
  const why = call.getByRole('group', { name: '为什么？' });
  await why.getByRole('checkbox', { name: '办理太慢' }).waitFor();
  expect(await barriers(page)).toEqual([]);
  await call.getByRole('button', { name: '登记回访' }).click();
  await call
    .getByRole('alert')
    .getByText(/须填原因/)
    .waitFor();
  await why.getByRole('checkbox', { name: '办理太慢' }).check();
  // What was answered outlives the page.
  await page.reload();
  await pick(page, /烧烤店音响太吵/);
  await call.getByRole('checkbox', { name: '办理太慢' }).waitFor();
  expect(await call.getByRole('checkbox', { name: '办理太慢' }).isChecked()).toBe(true);
  await page.locator('h1').click();
  await page.keyboard.press('Control+Enter');
  await page.getByText('回访已登记').waitFor();
  await page.goto(`/console/cases/${told.number}`);
  const followUps = page.getByRole('region', { name: '回访', exact: true });
  await followUps.getByText('不满意', { exact: true }).waitFor();
  await followUps.getByText('办理太慢').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a reporter answers the three questions by themselves', async () => {
  const told = await finished('楼下店铺音响一直响到半夜，请管一管。');
  const { context, page, errors } = await person({ viewport: PHONE });
  const mine = JSON.stringify([{ ...told, about: '楼下店铺音响' }]);
  await context.addInitScript((value) => localStorage.setItem('jiban.mine', value), mine);
  await page.goto(`/track/${told.number}`);
  await page.getByRole('heading', { name: '想听听您的意见' }).waitFor();
  const send = page.getByRole('button', { name: '提交回答' });
  const yes = (question: string, answer: string) =>
    page.getByRole('group', { name: question }).locator('.two label').filter({ hasText: answer }).click();
  await yes('工作人员有没有及时联系您？', '是');
  await yes('您反映的问题解决了吗？', '否');
  await yes('您对这次办理满意吗？', '是');
  expect(await send.isDisabled(), 'a no names why').toBe(true);
  await page.locator('.reasons label').filter({ hasText: '只解决了一部分' }).click();
  expect(await sticksOut(page)).toEqual([]);
  expect(await barriers(page)).toEqual([]);
  await send.click();
  await page.getByRole('heading', { name: '您的回答' }).waitFor();
  await page.getByText('收到您的回答').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a bad grade is appealed against with evidence, decided, and both grades stay', async () => {
  const told = await finished('店门口的喇叭天天循环播放，吵得没法休息。');
  const resident = await person({ viewport: PHONE });
  const grade = { ticket: { number: told.number, code: told.code }, grade: 1, comment: '没有用' };
  expect((await resident.context.request.post('/api/v1/public/rate', { data: grade })).status()).toBe(200);
  const street = await person();
  await signIn(street.context, 'zfd1');
  const file = { name: '现场.png', mimeType: 'image/png', buffer: PICTURE };
  const upload = await street.context.request.post(
    `/api/v1/cases/${told.number}/attachments?kind=evidence&name=现场.png`,
    {
      data: PICTURE,
      headers: { 'x-jiban': 'web', 'content-type': file.mimeType },
    },
  );
  expect(upload.status(), await upload.text()).toBe(201);
  await street.page.goto(`/console/cases/${told.number}`);
  await street.page.getByText('其他操作').click();
  await street.page.getByRole('button', { name: '差评申诉' }).click();
  const asked = street.page.getByRole('dialog');
  await asked.getByLabel('理由').fill('已当场关停，有照片为证');
  await asked.getByRole('checkbox', { name: /现场/ }).check();
  await asked.getByRole('button', { name: '差评申诉' }).click();
  await asked.waitFor({ state: 'detached' });
  const office = await person();
  await signIn(office.context, 'xlb1');
  await office.page.goto('/console/queue?desk=appeal');
  await office.page
    .getByText(/店门口的喇叭天天循环播放/)
    .first()
    .waitFor();
  await office.page.goto(`/console/cases/${told.number}`);
  const grades = office.page.getByRole('region', { name: '评价' });
  await grades.getByRole('link', { name: /现场/ }).waitFor();
  await office.page.getByRole('button', { name: '裁定申诉' }).click();
  const decision = office.page.getByRole('dialog');
  await decision.getByRole('radio', { name: '是', exact: true }).check();
  await decision.getByRole('combobox').selectOption('4');
  await decision.getByRole('textbox').fill('证据充分');
  await decision.getByRole('button', { name: '裁定申诉' }).click();
  await decision.waitFor({ state: 'detached' });
  await grades.getByText(/申诉后满意/).waitFor();
  await grades.getByText('1 分', { exact: true }).waitFor();
  const mine = JSON.stringify([{ ...told, about: '喇叭' }]);
  await resident.context.addInitScript((value) => localStorage.setItem('jiban.mine', value), mine);
  await resident.page.goto(`/track/${told.number}`);
  await resident.page.getByText('您的评价：很不满意').waitFor();
  await resident.page.getByText(/另记为：满意/).waitFor();
  for (const one of [resident, street, office]) {
    expect(one.errors).toEqual([]);
    await one.context.close();
  }
});

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
  'base64',
);
