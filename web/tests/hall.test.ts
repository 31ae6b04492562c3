/** One door, one trip: a number, a case, mediation, an agreement signed by hand, and its terms followed. */
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, signIn } from './browser';

afterAll(close);

/** Draws something like a signature in a box. */
async function sign(page: Page, box: string, up: number) {
  const pad = page.getByRole('img', { name: box });
  await pad.scrollIntoViewIfNeeded();
  const at = await pad.boundingBox();
  if (!at) throw new Error(`no box ${box}`);
  await page.mouse.move(at.x + 20, at.y + 40);
  await page.mouse.down();
  for (const x of [60, 100, 140, 180])
    await page.mouse.move(at.x + x, at.y + 40 + ((x / 20) % 2 ? up : -up), { steps: 4 });
  await page.mouse.up();
}

test('from a number at the counter to a signed agreement that is kept', async () => {
  const office = await person();
  await signIn(office.context, 'xlb1');
  await office.page.goto('/console/hall');
  await office.page.getByLabel('我的窗口').fill('1号窗口');
  await office.page.getByRole('button', { name: '信访接待 代取号' }).click();
  await office.page.getByText(/A\d{3} 号，前面 \d+ 人/).waitFor();
  await office.page.getByRole('button', { name: '信访接待 叫下一位' }).click();
  const row = office.page
    .getByRole('region', { name: '正在接待' })
    .getByRole('listitem')
    .filter({ hasText: '1号窗口' })
    .last();
  const number = (await row.getByText(/^A\d{3}$/).innerText()).trim();

  // Everybody sees on their phone who is called, and where to.
  const board = await person({ viewport: PHONE });
  await board.page.goto('/hall');
  await board.page.getByText(`${number} → 1号窗口`).waitFor();

  // What they ask becomes a case that goes with the number.
  await row.getByRole('link', { name: '登记诉求' }).click();
  await office.page.getByText(`为 ${number} 号登记`).waitFor();
  await office.page.getByLabel('诉求内容').fill('楼上装修漏水，泡坏了天花板，楼上不肯赔。');
  await office.page.getByRole('button', { name: '登记', exact: true }).click();
  await office.page.getByRole('link', { name: '打开此件' }).waitFor();
  const opened = await office.page.getByRole('link', { name: '打开此件' }).getAttribute('href');
  const case_ = /DM\d+-\d+/.exec(opened ?? '')?.[0] ?? '';
  await office.page.getByRole('link', { name: '服务大厅' }).first().click();
  const again = office.page.getByRole('region', { name: '正在接待' }).getByRole('listitem').filter({ hasText: number });
  await again.getByRole('link', { name: '诉求件' }).waitFor();
  await again.getByRole('combobox', { name: `${number} 转窗口` }).selectOption({ label: '人民调解' });
  await again.waitFor({ state: 'detached' });

  // It is dispatched to who mediates, and taken up there.
  const post = (who: typeof office, act: string, data: object) =>
    who.context.request.post(`/api/v1/cases/${case_}/${act}`, { data, headers: { 'x-jiban': 'test' } });
  expect((await post(office, 'classify', { class: 'fast', category: 'dispute.neighbour' })).status()).toBe(200);
  expect((await post(office, 'dispatch', { lead: 'lh.dm.sfs' })).status()).toBe(200);
  const studio = await person();
  await signIn(studio.context, 'sfs1');
  for (const [act, data] of [
    ['accept', {}],
    ['contact', { reached: true }],
    ['verify', { finding: '天花板有水渍' }],
    ['route', { studio: 'laoyang' }],
  ] as const)
    expect((await post(studio, act, data)).status(), act).toBe(200);
  const { page } = studio;
  await page.goto('/console/hall');
  await page.getByLabel('我的窗口').fill('3号窗口');
  await page.getByRole('button', { name: '人民调解 叫下一位' }).click();
  const mine = page.getByRole('region', { name: '正在接待' }).getByRole('listitem').filter({ hasText: number });
  await mine.getByText('3号窗口').waitFor();
  await page.getByRole('region', { name: '正在调解、法援' }).getByText(case_).waitFor();
  await mine.getByRole('link', { name: '诉求件' }).click();
  await page.getByRole('region', { name: '调解与法援' }).getByText('老杨（劳模）调解工作室').waitFor();

  // A session, and the form of what was agreed.
  await page.getByText('其他操作').click();
  await page.getByRole('button', { name: '登记调解会', exact: true }).click();
  await page.getByLabel('到场人').fill('楼上住户、楼下住户');
  await page.getByLabel('调解经过').fill('双方到场，楼上愿意修好并赔偿。');
  await page.getByLabel('结果').selectOption({ label: '达成一致' });
  await page.getByRole('dialog').getByRole('button', { name: '登记调解会' }).click();
  await page.getByRole('region', { name: '调解与法援' }).getByText('达成一致').waitFor();
  const due = new Date(Date.now() + 8 * 86_400_000).toISOString().slice(0, 10);
  const values = {
    parties: '楼上住户与楼下住户',
    facts: '装修漏水',
    terms: '修好漏水处，赔偿两千元',
    performance: '现金一次付清',
    perform_by: due,
    mediator: '老杨',
    studio: 'laoyang',
  };
  expect((await post(studio, 'file-form', { form: 'mediation', values })).status()).toBe(200);
  await page.reload();

  // Both sign by hand; without a signature nothing is signed.
  await page.getByText('其他操作').click();
  await page.getByRole('button', { name: '签订协议', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('由谁履行').fill('楼上住户');
  expect(await dialog.getByLabel('期限').inputValue()).toBe(due);
  await dialog.getByLabel('履行事项').fill('修好漏水处，赔偿两千元');
  await dialog.getByLabel('签名人').nth(0).fill('楼上住户');
  await dialog.getByLabel('签名人').nth(1).fill('楼下住户');
  await sign(page, '签名 1', 24);
  await dialog.getByRole('button', { name: '签订协议' }).click();
  await dialog.getByText('至少两方签名').waitFor();
  await sign(page, '签名 2', 12);
  await dialog.getByRole('button', { name: '签订协议' }).click();
  const part = page.getByRole('region', { name: '调解与法援' });
  await part.getByText('待履行').waitFor();
  await page.getByRole('region', { name: '时限', exact: true }).getByText('协议履行').waitFor();
  const paper = await studio.context.request.get(`/api/v1/cases/${case_}/papers/form-0?form=pdf`);
  expect([paper.status(), (await paper.body()).subarray(0, 5).toString()]).toEqual([200, '%PDF-']);

  // Its terms are followed until they are kept.
  await page.goto('/console/hall');
  await page.getByRole('region', { name: '待履行的协议' }).getByText('修好漏水处').waitFor();
  await page.goto(`/console/cases/${case_}`);
  await page.getByText('其他操作').click();
  await page.getByRole('button', { name: '登记履约', exact: true }).click();
  await page.getByRole('dialog').getByLabel('是', { exact: true }).check();
  await page.getByRole('dialog').getByLabel('如何得知').fill('现场查看已修好，收据已核对');
  await page.getByRole('dialog').getByRole('button', { name: '登记履约' }).click();
  await part.getByText('已履行').waitFor();
  expect([...office.errors, ...studio.errors, ...board.errors]).toEqual([]);
  await office.context.close();
  await studio.context.close();
  await board.context.close();
});
