import { readFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { close, person, settled, signIn } from './browser';

afterAll(close);

test('each role signs in by the account shown and lands on its own work', async () => {
  for (const who of ['信联办', '值班员', '街道领导', '社区', '执法队', '网格员', '纪检', '管理员']) {
    const { context, page, errors } = await person();
    await page.goto('/console');
    await page.getByRole('button', { name: new RegExp(`^${who}`) }).click();
    await page.getByRole('heading', { level: 1, name: '待办队列' }).waitFor();
    await settled(page);
    expect(errors, who).toEqual([]);
    await context.close();
  }
});

test('a duty officer registers a call in seconds, and one key confirms where it goes', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/cases/new');
  await page.getByLabel('电话').fill('19900000042');
  await page.getByLabel('诉求内容').fill('楼道里有很浓的煤气味，怀疑燃气泄漏，请马上来人。');
  const spot = await page.locator('#spots option').first().getAttribute('value');
  await page.getByLabel('点位').fill(spot ?? '');
  await page.getByText('同一地点').first().waitFor();
  await page.getByRole('button', { name: '登记', exact: true }).click();
  const code = await page.locator('.done code').textContent();
  expect(code).toMatch(/^\S{6,}$/);
  await page.getByRole('link', { name: '打开此件' }).click();
  await page.getByText('紧急类').first().waitFor();
  await page.getByText('确认分拨').waitFor();
  await page.keyboard.press('y');
  await page
    .getByRole('region', { name: '时限' })
    .getByText(/联系时限/)
    .waitFor();
  expect(await page.getByText('199****0042').isVisible(), 'the reporter is masked').toBe(true);
  expect(await page.content()).not.toContain('19900000042');
  expect(errors).toEqual([]);
  await context.close();
});

test('a refusal appears in words at its field, and what was typed is kept', async () => {
  const { context, page } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/cases/new');
  await page.getByRole('button', { name: '登记', exact: true }).click();
  await page.getByText('请填写此项').waitFor();
  await page.getByLabel('诉求内容').fill('路灯不亮');
  await page.reload();
  await page.getByText('已恢复未提交的内容').waitFor();
  expect(await page.getByLabel('诉求内容').inputValue()).toBe('路灯不亮');
  await context.close();
});

test('two people on one case: the second sees that it moved on, and loses no word', async () => {
  const [one, two] = [await person(), await person()];
  await signIn(one.context, 'xlb1');
  await signIn(two.context, 'xlb2');
  const made = await one.context.request.post('/api/v1/cases', {
    headers: { 'x-jiban': 'web' },
    data: { channel: 'hotline', text: '路面有个大坑，请尽快修补。', place: { spot: 's001' } },
  });
  const { number } = await made.json();
  for (const { page } of [one, two]) {
    await page.goto(`/console/cases/${number}`);
    await settled(page);
  }
  await two.page.getByRole('button', { name: '备注' }).click();
  await two.page.getByRole('dialog').getByRole('textbox', { name: '内容' }).fill('第二个人写的话');
  await one.page.getByRole('button', { name: '备注' }).click();
  await one.page.getByRole('dialog').getByRole('textbox', { name: '内容' }).fill('第一个人写的话');
  await one.page.getByRole('dialog').getByRole('button', { name: '备注' }).click();
  await one.page.getByText('第一个人写的话').waitFor();
  await two.page.getByRole('dialog').getByRole('button', { name: '备注' }).click();
  await two.page.getByText('在您填写期间').waitFor();
  expect(await two.page.getByRole('dialog').getByRole('textbox', { name: '内容' }).inputValue()).toBe('第二个人写的话');
  await two.page.getByText('第一个人写的话').waitFor();
  await two.page.getByRole('button', { name: '仍然提交' }).click();
  await two.page.getByRole('listitem').filter({ hasText: '第二个人写的话' }).waitFor();
  await one.context.close();
  await two.context.close();
});

test('new cases wait behind a bar; nothing moves under the pointer', async () => {
  const { context, page } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/queue?order=newest');
  const rows = page.locator('table.grid tbody tr');
  await rows.first().waitFor();
  const first = await rows.first().getAttribute('data-case');
  const text = '共享单车堵住盲道。';
  await context.request.post('/api/v1/cases', {
    headers: { 'x-jiban': 'web' },
    data: { channel: 'hotline', text, place: { spot: 's002' } },
  });
  const bar = page.getByRole('button', { name: /更新，点击显示/ });
  await bar.waitFor();
  expect(await rows.first().getAttribute('data-case')).toBe(first);
  await bar.click();
  await rows.first().getByText('共享单车堵住盲道').waitFor();
  await context.close();
});

test('the queue is worked by keys, filters live in the address, back comes back', async () => {
  const { context, page } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/queue');
  await page.locator('tr.at').waitFor();
  await page.getByLabel('类别').selectOption('fast');
  await page.waitForURL(/class=fast/);
  await settled(page);
  await page.keyboard.press('j');
  const number = await page.locator('tr.at .number').first().textContent();
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`/console/cases/${number}`));
  await page.goBack();
  await page.waitForURL(/class=fast/);
  expect(await page.getByLabel('类别').inputValue()).toBe('fast');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /编号/ }).fill(number ?? '');
  await page.getByRole('option', { name: new RegExp(number ?? '-') }).waitFor();
  await context.close();
});

test('bulk acts say before what they do and report row by row', async () => {
  const { context, page } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/queue');
  const rows = page.locator('table.grid tbody tr');
  await rows.first().waitFor();
  for (const at of [0, 1]) await rows.nth(at).getByRole('checkbox').check();
  await page.getByRole('button', { name: '批量办理' }).click();
  const box = page.getByRole('dialog');
  await box.getByLabel('操作').selectOption('note');
  await box.getByLabel('说明').fill('已电话催办');
  await box.getByRole('button', { name: '执行 2 件' }).click();
  await box.getByText('成功 2 件，未成 0 件').waitFor();
  await context.close();
});

test('what the filters find goes out as a table, and the template comes in again', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/queue?class=fast');
  await settled(page);
  await page.getByRole('button', { name: '导出' }).click();
  await page.getByLabel('格式').selectOption('csv');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: '导出', exact: true }).click(),
  ]);
  const file = await readFile((await download.path()) ?? '');
  expect(file.toString('utf8').split('\n').length).toBeGreaterThan(2);
  await page.getByText(/^完成，共 \d+ 件$/).waitFor();

  await page.goto('/console/import');
  await page.getByLabel('表格').setInputFiles({ name: 'out.csv', mimeType: 'text/csv', buffer: file });
  await page.getByLabel('来源名称').fill('街道台账');
  await page.getByRole('button', { name: '先检查' }).click();
  await page.getByText(/应为 1 至 32 个英文字母/).waitFor();
  await page.getByLabel('来源名称').fill('ledger-2025');
  await page.getByRole('button', { name: '先检查' }).click();
  await page.getByText('检查结果（未写入）').waitFor();
  expect(await page.getByText('可以导入').isVisible()).toBe(true);
  await page
    .getByLabel('表格')
    .setInputFiles({ name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
  await page.getByRole('button', { name: '先检查' }).click();
  await page
    .getByRole('alert')
    .getByText(/不是导入模板的表头/)
    .waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('every fault of a policy is told with its line, in the reader’s language', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'admin');
  await page.goto('/console/policy');
  await page.getByRole('button', { name: '更新机制' }).click();
  const dialog = page.getByRole('dialog');
  const toml = Buffer.from('time_zone = "Asia/Dongmen"\n');
  await dialog.getByLabel('机制文件').setInputFiles({ name: 'x.toml', mimeType: 'application/toml', buffer: toml });
  await dialog.getByText('没有时区“Asia/Dongmen”').waitFor();
  const said = await dialog.getByRole('listitem').allTextContents();
  expect(said.length).toBeGreaterThan(10);
  const plain = said.filter((line) => !line.includes('缺少这一项 → 请添加'));
  expect(plain).toHaveLength(1);
  expect(await dialog.getByRole('button', { name: '启用' }).isDisabled()).toBe(true);
  expect(errors).toEqual([]);
  await context.close();
});

test('a notice written in the console is on the resident’s page, and taking it away can be undone', async () => {
  const [staff, resident] = [await person(), await person()];
  await signIn(staff.context, 'c01a');
  await staff.page.goto('/console/public-notices');
  await staff.page.getByRole('button', { name: '发布公告' }).click();
  await staff.page.getByRole('button', { name: '发布', exact: true }).click();
  await staff.page.getByText('请填写此项').first().waitFor();
  await staff.page.getByLabel('标题').fill('周末义诊');
  await staff.page.getByLabel('内容').fill('周六上午在社区广场。');
  await staff.page.getByRole('button', { name: '发布', exact: true }).click();
  const notice = staff.page.getByRole('heading', { name: '周末义诊' });
  await notice.waitFor();
  await resident.page.goto('/here');
  await resident.page.getByText('周末义诊').waitFor();
  await staff.page.getByRole('listitem').filter({ has: notice }).getByRole('button', { name: '移除' }).click();
  await staff.page.getByText('公告已撤下').waitFor();
  expect(await notice.count()).toBe(0);
  await staff.page.getByRole('button', { name: '撤销' }).click();
  await notice.waitFor();
  expect([...staff.errors, ...resident.errors]).toEqual([]);
  await Promise.all([staff.context.close(), resident.context.close()]);
});

test('the record is told in words, and read back to its beginning', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'jjw1');
  await page.goto('/console/audit');
  const rows = page.getByRole('region', { name: '审计记录' }).locator('tbody tr');
  await rows.first().waitFor();
  const first = await rows.count();
  const earlier = page.getByRole('button', { name: '更早的记录' });
  while (await earlier.isVisible()) {
    const before = await rows.count();
    await earlier.click();
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  }
  expect(await rows.count()).toBeGreaterThan(first);
  const cells = await page.locator('tbody td:nth-child(2), tbody td:nth-child(4)').allInnerTexts();
  expect(cells.filter((text) => /^[a-z_]+$/.test(text))).toEqual([]);
  await page.getByRole('combobox', { name: /^事项/ }).selectOption('同意加入');
  await expect
    .poll(async () => new Set(await page.locator('tbody td:nth-child(4)').allInnerTexts()))
    .toEqual(new Set(['同意加入']));
  // What was kept, as it was kept, is behind each.
  await rows.first().locator('summary').click();
  expect(await rows.first().locator('pre').innerText()).toContain('"partner"');
  expect(errors).toEqual([]);
  await context.close();
});

test('the command screen says when what it shows is old', async () => {
  const { context, page } = await person();
  await signIn(context, 'leader1');
  await page.clock.install();
  await page.goto('/screen');
  await page.getByText('最先到期').waitFor();
  await page.getByText('未诉先办 · 近 7 天').waitFor();
  expect(await page.getByText('数据已过期').count()).toBe(0);
  await context.setOffline(true);
  await page.clock.runFor(90_000);
  await page.getByText(/数据已过期/).waitFor();
  await context.setOffline(false);
  await page.clock.runFor(30_000);
  await page.getByText(/数据已过期/).waitFor({ state: 'detached' });
  await context.close();
});

test('two who have the same case open see each other', async () => {
  const [one, two] = [await person(), await person()];
  await signIn(one.context, 'xlb1');
  await signIn(two.context, 'leader1');
  const answer = await one.context.request.get('/api/v1/cases?limit=1');
  const { cases } = (await answer.json()) as { cases: { number: string }[] };
  await one.page.goto(`/console/cases/${cases[0]?.number}`);
  await settled(one.page);
  await two.page.goto(`/console/cases/${cases[0]?.number}`);
  await two.page.getByText(/也在看$/).waitFor();
  await Promise.all([one.context.close(), two.context.close()]);
});

test('a one-time code is set up, and signing in asks for it', async () => {
  const { context, page } = await person();
  await signIn(context, 'partner1');
  await page.goto('/console/queue');
  await page.locator('summary').filter({ hasText: /./ }).first().click();
  await page.getByRole('button', { name: '设置动态码' }).click();
  await page.getByRole('img', { name: '动态码密钥的二维码' }).waitFor();
  expect(await page.getByRole('dialog').locator('code').textContent()).toMatch(/^[A-Z2-7]{32}$/);
  await page.getByRole('textbox', { name: '动态码' }).fill('000000');
  await page.getByRole('button', { name: '确定' }).click();
  await page.getByText(/应为该密钥的当前动态码/).waitFor();
  await context.close();
});

test('by keyboard alone: sign in, move, open, note, come back, register', async () => {
  const { context, page, errors } = await person();
  await page.goto('/console/sign-in');
  const press = (...keys: string[]) =>
    keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  const tabTo = async (name: string | RegExp) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press('Tab');
      const said = await page.evaluate(() => document.activeElement?.textContent ?? '');
      if (typeof name === 'string' ? said.includes(name) : name.test(said)) return;
    }
    throw new Error(`no Tab leads to ${name}`);
  };
  await tabTo(/^信联办/);
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: '待办队列' }).waitFor();
  await settled(page);
  await press('j', 'j', 'k', 'Enter');
  await page.getByRole('heading', { name: '办理过程' }).waitFor();
  await press('n');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('已电话告知社区');
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await press('g');
  await page.getByRole('heading', { level: 1, name: '待办队列' }).waitFor();
  await press('Control+k');
  await page.keyboard.type('登记');
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: '登记诉求' }).waitFor();
  await page.locator('textarea:focus').waitFor();
  await page.keyboard.type('路灯不亮');
  await press('Control+Enter');
  await page.getByText(/^已登记 /).waitFor();
  await tabTo('登记下一件');
  await press('Enter');
  await page.locator('textarea:focus').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a slip is undone within ten seconds', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  const data = { channel: 'hotline', text: '路灯不亮，晚上很黑。', place: { spot: 's001' } };
  const made = await context.request.post('/api/v1/cases', { headers: { 'x-jiban': 'web' }, data });
  const { number } = (await made.json()) as { number: string };
  await page.goto(`/console/cases/${number}`);
  await page.getByRole('heading', { level: 1, name: /路灯不亮/ }).waitFor();
  await page.getByText('其他操作').click();
  await page.getByRole('button', { name: '更正' }).click();
  await page.getByLabel('标题').fill('写错了');
  await page.getByRole('dialog').getByRole('button', { name: '更正' }).click();
  await page.getByRole('heading', { level: 1, name: '写错了' }).waitFor();
  await page.getByRole('button', { name: '撤销' }).click();
  await page.getByRole('heading', { level: 1, name: /路灯不亮/ }).waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a correction teaches: the next like it is proposed as it was corrected, and says by which words', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  const post = async (path: string, data: object) => {
    const answer = await context.request.post(`/api/v1${path}`, { headers: { 'x-jiban': 'web' }, data });
    expect(answer.ok(), await answer.text()).toBe(true);
    return answer.json();
  };
  const tell = async (text: string) =>
    (await post('/cases', { channel: 'hotline', text, place: { spot: 's001' } })).number;
  // Words that no category of the policy has.
  const words = ['露营天幕', '折叠躺椅', '围炉煮茶', '飞盘收纳筐'];
  for (const [at, place] of ['湖心步道', '河畔连廊', '二期架空层', '南门平台', '西区露台'].entries()) {
    for (const [turn, word] of words.entries()) {
      const number = await tell(`${place}支着${word}，${words[(turn + at) % 4]}也一直留到第${at + 2}天。`);
      await post(`/cases/${number}/classify`, { class: 'routine', category: 'civil.culture' });
    }
  }
  // One is corrected by hand.
  const number = await tell('东区坡地有人支露营天幕，旁边摆折叠躺椅。');
  await page.goto(`/console/cases/${number}`);
  const proposal = page.getByRole('region', { name: '系统建议' });
  await proposal.getByRole('button', { name: '改为其他' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: '类别' }).selectOption({ label: '常态类' });
  await dialog.getByRole('combobox', { name: '分类' }).selectOption('civil.culture');
  await dialog.getByRole('button', { name: '分类' }).click();
  await dialog.waitFor({ state: 'detached' });

  await page.goto('/console/triage');
  await page.getByRole('button', { name: '立即学习' }).click();
  await page.getByRole('heading', { name: '本次学习' }).waitFor({ timeout: 60_000 });
  await page.getByText('已采用').first().waitFor();

  await page.goto(`/console/cases/${await tell('北坡又支起露营天幕，还有折叠躺椅。')}`);
  await proposal.getByText('文体设施').first().waitFor();
  await proposal.getByText('以往同类', { exact: true }).waitFor();
  expect(await proposal.locator('.why mark').allTextContents()).toContain('天幕');
  expect(await proposal.locator('.signs dt').allTextContents()).toEqual([
    '重大舆情',
    '越级上访',
    '事件清楚',
    '易于解决',
  ]);
  expect(errors).toEqual([]);
  await context.close();
});

test('what machines reported is one thing to look at, and a person makes a case of it or says that it is nothing', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/signals');
  const board = page.getByRole('region', { name: '待研判' });
  await board.getByRole('button', { name: /^物联感知/ }).click();
  const smoke = board.getByRole('listitem').filter({ hasText: '烟感报警' });
  await smoke.getByText('共报 1 次').waitFor();
  await smoke.getByRole('button', { name: '立件处置' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '立件处置' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const bin = board.getByRole('listitem').filter({ hasText: '垃圾满溢识别' });
  await bin.getByText('共报 14 次').waitFor();
  await bin.getByRole('button', { name: '不采纳' }).click();
  await page.getByRole('dialog').getByLabel('理由').fill('已清运');
  await page.getByRole('dialog').getByRole('button', { name: '不采纳' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const came = page.getByRole('region', { name: '研判与成效' });
  await came.getByText(/^已判断/).click();
  await came.getByText('已清运').first().waitFor();
  await came.getByRole('listitem').filter({ hasText: '烟感报警' }).getByRole('link').first().click();
  await page.getByRole('heading', { name: /物联感知：.*烟感报警/ }).waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('what rises waits for a person, and what is accepted becomes an inspection with its cases', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/signals');
  const board = page.getByRole('region', { name: '待研判' });
  await board.getByRole('button', { name: /^弱信号/ }).click();
  const weak = board.getByRole('listitem').filter({ hasText: '水质' }).first();
  await weak
    .getByText(/平常约/)
    .first()
    .waitFor();
  await weak
    .getByText(/相关诉求件/)
    .first()
    .click();
  expect(await weak.locator('details a').count()).toBeGreaterThanOrEqual(5);
  await weak.getByRole('button', { name: '采纳，立件排查' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: '说明' }).fill('请水务一起查看二次供水');
  await dialog.getByRole('button', { name: '采纳，立件排查' }).click();
  await dialog.waitFor({ state: 'detached' });
  const came = page.getByRole('region', { name: '研判与成效' });
  await came.getByText(/^已判断/).click();
  await came.getByRole('listitem').filter({ hasText: '水质' }).locator('.row a').first().click();
  await page.getByRole('heading', { level: 1, name: /弱信号/ }).waitFor();
  await page.getByText('请水务一起查看二次供水').first().waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('while somebody speaks, the place they name and the same matter told before are offered', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'duty1');
  const told = { channel: 'hotline', text: '架空层的攀岩墙松动，孩子爬上去很危险，请加固', place: { spot: 's001' } };
  await context.request.post('/api/v1/cases', { headers: { 'x-jiban': 'web' }, data: told });
  await page.goto('/console/cases/new');
  await page.getByLabel('诉求内容').fill('青云小区大门这里，架空层攀岩墙松动了，孩子爬着危险');
  await page.getByText('地点可能在').waitFor();
  await page.getByRole('button', { name: '采用此地点' }).click();
  expect(await page.getByLabel('点位').inputValue()).toContain('青云小区大门');
  const aside = page.getByRole('complementary');
  await aside.getByText('攀岩墙').first().waitFor();
  await aside.getByText('重复件', { exact: true }).first().waitFor();
  await aside.getByText('同一地点').first().waitFor();
  expect(errors).toEqual([]);
  await context.close();
});
