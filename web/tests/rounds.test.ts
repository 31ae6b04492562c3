/** A round: planned in the office, walked without a network, a finding settled on the spot, and all of it seen in the coverage. */
import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, settled, signIn } from './browser';

afterAll(close);

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
  'base64',
);

test('a round with a plan, its coverage, and a finding settled and closed offline', async () => {
  const office = await person();
  await signIn(office.context, 'c01a');
  await office.page.goto('/console/rounds');
  await office.page.getByRole('button', { name: '制定计划' }).click();
  const dialog = office.page.getByRole('dialog', { name: '制定计划' });
  await dialog.getByLabel('计划（主题）').fill('小区消防每日一查');
  // A community plans for its own grids: no other is offered.
  const grids = dialog.getByRole('group', { name: '范围' }).getByRole('checkbox');
  expect(await grids.count()).toBeLessThan(12);
  await grids.first().check();
  await dialog.getByLabel('多久看一次（天）').fill('1');
  await dialog.getByLabel('检查清单').selectOption('fire');
  await dialog.getByRole('button', { name: '制定计划' }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = office.page
    .getByRole('region', { name: '巡查计划' })
    .getByRole('row')
    .filter({ hasText: '小区消防每日一查' });
  const kept = async () => (await row.locator('.number').last().innerText()).split(' / ').map(Number);
  const [before, all] = await kept();
  expect(before).toBeLessThan(all ?? 0);

  const walker = await person({ viewport: PHONE });
  await signIn(walker.context, 'c01g01a');
  const { page } = walker;
  await page.goto('/work/rounds');
  await page.getByRole('heading', { name: '今日巡查' }).waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => caches.match('/work').then((found) => found !== undefined));
  await settled(page);
  await walker.context.setOffline(true);
  const spot = page.getByRole('listitem').filter({ hasText: '小区消防每日一查' }).first();
  await spot.getByText('按清单检查：消防安全检查').click();
  await spot.getByRole('link', { name: '有问题：消防通道畅通' }).click();
  await page.getByText('消防通道堵塞').first().waitFor();
  await page.getByLabel('当场已处置').check();
  await page.getByRole('button', { name: '上报', exact: true }).click();
  await page.getByText('当场处置须有处置后照片').waitFor();
  await page.getByLabel('怎么处置的').fill('已请车主挪走，通道恢复。');
  await page.getByLabel('拍处置后照片').setInputFiles({ name: '处置后.png', mimeType: 'image/png', buffer: png });
  await page.getByRole('button', { name: '上报', exact: true }).click();
  await page.getByText('已存在本机').waitFor();
  await spot.getByText('按清单检查：消防安全检查').click();
  await spot.getByRole('button', { name: '检查完毕' }).click();
  // The finding, its photo, that it is settled, and the visit.
  await page.getByRole('link', { name: /待发/ }).getByText('4').waitFor();
  await walker.context.setOffline(false);
  await page.getByRole('link', { name: /待发/ }).click();
  await page.getByText('全部已发送').waitFor();
  const answer = await walker.context.request.get('/api/v1/cases?order=newest&limit=1');
  const { cases } = (await answer.json()) as { cases: { title: string; state: string; category: string }[] };
  expect(cases[0]).toMatchObject({ title: '消防通道堵塞', state: 'closed', category: 'safety.exits' });

  await office.page.reload();
  await settled(office.page);
  expect(await kept()).toEqual([(before ?? 0) + 1, all]);
  await row.getByRole('button', { name: /停用/ }).click();
  await row.waitFor({ state: 'detached' });
  expect([...office.errors, ...walker.errors]).toEqual([]);
  await office.context.close();
  await walker.context.close();
});
