import { afterAll, expect, test } from 'vitest';
import { base, close, PASSWORD, PHONE, person, settled, signIn } from './browser';

afterAll(close);

test('a finding in three taps, offline: kept, counted, sent once the network is back', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/work');
  await page.getByLabel('账号').fill('c01g01a');
  await page.getByLabel('密码').fill(PASSWORD);
  await page.getByRole('button', { name: '登录' }).click();
  await page.getByRole('heading', { name: '我的任务' }).waitFor();
  // The shell is on the phone once its worker has taken over.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => caches.match('/work').then((found) => found !== undefined));
  await context.setOffline(true);
  await page.reload();
  await page.getByRole('heading', { name: '我的任务' }).waitFor();
  await page.getByRole('link', { name: '上报' }).click();
  await page.getByLabel('在哪里').selectOption({ index: 1 });
  await page.getByText('井盖缺失').click();
  await page.getByRole('button', { name: '上报', exact: true }).click();
  await page.getByText('已存在本机').waitFor();
  await page.getByText('离线中').waitFor();
  await page.getByRole('link', { name: /待发/ }).getByText('1').waitFor();
  await context.setOffline(false);
  await page.getByRole('link', { name: /待发/ }).click();
  // The network's return sends it: no hand is needed.
  await page.getByText('全部已发送').waitFor();
  const answer = await context.request.get(`${base()}/api/v1/cases?order=newest&limit=1`);
  const { cases } = (await answer.json()) as { cases: { title: string; origin: string }[] };
  expect(cases[0]).toMatchObject({ title: '井盖缺失', origin: 'inspection' });
  expect(errors).toEqual([]);
  await context.close();
});

test('the main job from the street: dispatched, accepted, called, verified, photographed, finished', async () => {
  const office = await person();
  await signIn(office.context, 'xlb1');
  const data = {
    channel: 'hotline',
    text: '楼道里堆满杂物，影响通行。',
    place: { spot: 's001' },
    reporter: { name: '王先生', phone: '19900000055' },
  };
  const made = await office.context.request.post('/api/v1/cases', { headers: { 'x-jiban': 'web' }, data });
  const { id, number } = (await made.json()) as { id: string; number: string };
  const act = (what: string, body: object) =>
    office.context.request.post(`/api/v1/cases/${id}/${what}`, { headers: { 'x-jiban': 'web' }, data: body });
  await act('classify', { class: 'fast', category: 'city.bulky' });
  expect((await act('dispatch', { lead: 'lh.dm.c01.g01' })).status()).toBe(200);

  const { context, page, errors } = await person({ viewport: PHONE });
  await signIn(context, 'c01g01a');
  await page.goto('/work');
  await page.getByRole('link', { name: /堆满杂物/ }).click();
  await page.getByRole('button', { name: '签收' }).click();
  await page.getByRole('button', { name: '打电话' }).first().click();
  await page.getByRole('link', { name: '拨打 19900000055' }).waitFor();
  await page.getByRole('button', { name: '已打通', exact: true }).click();
  await page.getByRole('button', { name: '核实', exact: true }).first().click();
  await page.getByLabel('核实情况').fill('现场有两堆旧家具');
  await page.locator('#ask').getByRole('button', { name: '核实' }).click();
  await page.getByRole('button', { name: '办结' }).first().waitFor();
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
    'base64',
  );
  await page.getByLabel('拍处置后照片').setInputFiles({ name: '处置后.png', mimeType: 'image/png', buffer: png });
  await page.locator('.photos img').waitFor();
  await page.getByRole('button', { name: '办结' }).first().click();
  await page.getByLabel('办理结果').fill('已清运完毕');
  await page.locator('#ask').getByRole('button', { name: '办结' }).click();
  await page.getByText('已办结').waitFor();
  await settled(page);
  expect(errors).toEqual([]);

  await office.page.goto(`/console/cases/${number}`);
  await office.page.getByText('已清运完毕').waitFor();
  await office.page.getByText('已结束的时限').click();
  await office.page.getByText('办结时限 按时完成').waitFor();
  await context.close();
  await office.context.close();
});

test('a round without a network: what was seen is kept and told later', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await signIn(context, 'c01g01b');
  await page.goto('/work/rounds');
  await page.getByRole('heading', { name: '今日巡查' }).waitFor();
  const told = page.getByText(/^今天已到 \d+ \/ \d+ 个点位$/);
  const before = Number(/已到 (\d+)/.exec((await told.textContent()) ?? '')?.[1]);
  await context.setOffline(true);
  // The longest unseen is first: nobody was there today.
  await page.getByRole('button', { name: '看过，正常' }).first().click();
  await page.getByText(`今天已到 ${before + 1} /`).waitFor();
  await page.getByRole('link', { name: /待发/ }).getByText('1').waitFor();
  await context.setOffline(false);
  await page.getByRole('link', { name: /待发/ }).click();
  // The network's return sends it: no hand is needed.
  await page.getByText('全部已发送').waitFor();
  await page.goto('/work/rounds');
  await page.getByText(`今天已到 ${before + 1} /`).waitFor();
  expect(errors).toEqual([]);
  await context.close();
});
