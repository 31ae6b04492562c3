/** A bad grade goes through an appeal to a changed rate; a letter is signed and answered; a bulletin is kept. */
import { afterAll, expect, test } from 'vitest';
import { close, person, settled, signIn } from './browser';

afterAll(close);

const api = async (login: string) => {
  const who = await person();
  await signIn(who.context, login);
  return {
    ...who,
    post: async (path: string, data: unknown) => {
      const answer = await who.context.request.post(`/api/v1${path}`, { data, headers: { 'x-jiban': 'web' } });
      expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
      return answer.json();
    },
    get: async (path: string) => (await who.context.request.get(`/api/v1${path}`)).json(),
  };
};

/** The number of a count for the enforcement team, as the page of assessment shows it. */
async function shown(page: Awaited<ReturnType<typeof api>>['page'], column: string): Promise<string> {
  await page.goto('/console/assessment?by=unit');
  await settled(page);
  const heads = await page.locator('table.grid thead th').allTextContents();
  const row = page.locator('tbody tr', { has: page.getByRole('rowheader', { name: '综合行政执法队' }) });
  return row
    .locator('th, td')
    .nth(heads.findIndex((head) => head.trim() === column))
    .innerText();
}

/** What is counted follows a moment behind what is done. */
async function until(page: Awaited<ReturnType<typeof api>>['page'], column: string, want: string): Promise<void> {
  await expect.poll(() => shown(page, column), { timeout: 20_000 }).toBe(want);
}

test('a bad grade counts, an appeal lifts it, and the number opens its case', async () => {
  const office = await api('xlb1');
  const team = await api('zfd1');
  const leader = await api('leader1');
  const before = Number(await shown(leader.page, '有效差评'));
  const place = { spot: 's001' };
  const told = await office.post('/public/cases', {
    channel: 'qr',
    text: '楼下商铺音响太吵，半夜不停',
    place,
    reporter: { name: '林小满', phone: '13912345678' },
  });
  const act = (who: typeof office, what: string, body: unknown) => who.post(`/cases/${told.id}/${what}`, body);
  await act(office, 'classify', { class: 'fast', category: 'noise.shop' });
  await act(office, 'dispatch', { lead: 'lh.dm.zfd' });
  await act(team, 'accept', {});
  await act(team, 'contact', { reached: true });
  await act(team, 'verify', { finding: '属实' });
  await act(team, 'finish', { outcome: '已关停音响' });
  await office.post('/public/rate', { ticket: { number: told.number, code: told.tracking_code }, grade: 1 });
  await until(leader.page, '有效差评', String(before + 1));
  await leader.page
    .locator('tbody tr', { has: leader.page.getByRole('rowheader', { name: '综合行政执法队' }) })
    .getByRole('button', { name: String(before + 1) })
    .last()
    .click();
  await leader.page.getByRole('dialog').getByRole('link', { name: told.number }).waitFor();

  await act(team, 'appeal', { reason: '评价的不是本单位' });
  const { case: it } = await office.get(`/cases/${told.id}`);
  await act(office, 'decide-appeal', { id: it.appeals[0].id, upheld: true, grade: 4, note: '证据充分' });
  await until(leader.page, '有效差评', String(before));
  expect([...leader.errors, ...office.errors]).toEqual([]);
});

test('a letter is written, signed by a leader, and answered by its unit', async () => {
  const office = await api('xlb1');
  await office.page.goto('/console/letters');
  await settled(office.page);
  await office.page.getByRole('button', { name: '新建函件' }).click();
  const dialog = office.page.getByRole('dialog');
  await dialog.getByLabel('单位').selectOption('lh.dm.csb');
  await dialog.getByLabel('正文').fill('请加强排水管网巡查，三日内反馈。');
  await dialog.getByRole('button', { name: '新建函件' }).click();
  await office.page.waitForURL(/\/console\/letters\/.+/);
  const address = new URL(office.page.url()).pathname;

  const leader = await api('leader1');
  await leader.page.goto(address);
  await leader.page.getByRole('button', { name: '签发', exact: true }).click();
  await leader.page
    .getByText(/东诉提〔\d{4}〕\d+号/)
    .first()
    .waitFor();

  const unit = await api('csb1');
  await unit.page.goto(address);
  await unit.page.getByLabel('反馈').fill('已排查全部管网。');
  await unit.page.getByRole('button', { name: '提交反馈' }).click();
  await unit.page.getByText('已反馈').first().waitFor();
  const file = await unit.context.request.get(`/api/v1${address.replace('/console', '')}/file?form=pdf`);
  expect((await file.body()).subarray(0, 4).toString()).toBe('%PDF');
  expect([...office.errors, ...leader.errors, ...unit.errors]).toEqual([]);
});

test('a bulletin gets its proposals and is kept', async () => {
  const office = await api('xlb1');
  await office.page.goto('/console/bulletins');
  await settled(office.page);
  await office.page.getByLabel('种类').selectOption('weekly');
  await office.page.getByLabel('从').fill('2026-01-05');
  await office.page.getByLabel('到').fill('2026-01-11');
  await office.page.getByRole('button', { name: '生成通报草稿' }).click();
  await office.page.waitForURL(/\/console\/bulletins\/.+/);
  await office.page.getByLabel('意见建议').fill('节前加强夜间巡查。');
  await office.page.getByRole('button', { name: '存档并报送' }).click();
  await office.page.getByText('已存档').first().waitFor();
  await office.page.getByText('节前加强夜间巡查。').waitFor();
  expect(await office.page.getByLabel('意见建议').count()).toBe(0);
  expect(office.errors).toEqual([]);
});

test('what was undertaken before it was asked is drawn, opens its cases, and stands in a report', async () => {
  const leader = await api('leader1');
  const today = new Date();
  const back = new Date(today.getTime() - 27 * 86_400_000);
  // The day it is where the subdistrict lies.
  const day = (at: Date) => at.toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' });
  await leader.page.goto(`/console/assessment?from=${day(back)}&to=${day(today)}`);
  const panel = leader.page.getByRole('region', { name: '未诉先办' });
  for (const topic of ['扫楼扫街', '专项治理', '调解法援', '服务大厅', '领导接访', '共建伙伴', '值班来电', '物联感知'])
    await panel.getByRole('region', { name: topic }).waitFor();
  const rounds = panel.getByRole('region', { name: '扫楼扫街' });
  const settled = rounds.locator('dl > div', { hasText: '当场处置' });
  expect(await settled.innerText()).toMatch(/\d+\.\d%/);
  const cases = Number(await settled.getByRole('button').innerText());
  expect(cases).toBeGreaterThan(0);
  await settled.getByRole('button').click();
  const dialog = leader.page.getByRole('dialog');
  await dialog.getByText('扫楼扫街 · 当场处置').waitFor();
  await expect.poll(() => dialog.getByRole('listitem').count()).toBeGreaterThan(0);
  await leader.page.keyboard.press('Escape');
  await panel.getByRole('link', { name: '专项治理' }).click();
  await leader.page.waitForURL(/\/console\/campaigns/);

  await leader.page.goto('/console/bulletins');
  await leader.page.getByLabel('种类').selectOption('monthly');
  await leader.page.getByLabel('从').fill(day(back));
  await leader.page.getByLabel('到').fill(day(today));
  await leader.page.getByRole('button', { name: '查看' }).click();
  await leader.page.getByText('未诉先办情况').waitFor();
  await leader.page.getByRole('cell', { name: '等候时间中位数（分钟）' }).waitFor();
  expect(leader.errors).toEqual([]);
});
