/** A resident books a leader's reception on the phone; at the meeting it becomes a case; the grid's team is there to take it. */
import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, signIn } from './browser';

afterAll(close);

test('a booking of a resident becomes a case of the leader who received', async () => {
  const resident = await person({ viewport: PHONE });
  await resident.page.goto('/');
  await resident.page.getByRole('link', { name: '预约领导接访' }).click();
  await resident.page.getByRole('button', { name: /余 \d/ }).last().click();
  await resident.page.getByLabel('想谈什么事').fill('楼道堆物半年没人管');
  await resident.page.getByLabel('姓名').fill('赵小满');
  await resident.page.getByLabel('电话').fill('13977778888');
  await resident.page.getByRole('button', { name: '预约', exact: true }).click();
  const done = resident.page.getByRole('status').filter({ hasText: '已预约' });
  await done.waitFor();
  const number = (await done.textContent())?.match(/DMR\d{8}-\d{3}/)?.[0] ?? '';
  expect(number).not.toBe('');

  // The same phone is refused in words.
  await resident.page.goto('/reception');
  await resident.page.getByRole('button', { name: /余 \d/ }).first().click();
  await resident.page.getByLabel('想谈什么事').fill('再约一次');
  await resident.page.getByLabel('姓名').fill('赵小满');
  await resident.page.getByLabel('电话').fill('13977778888');
  await resident.page.getByRole('button', { name: '预约', exact: true }).click();
  await resident.page.getByText('无法在网上预约').waitFor();

  const office = await person();
  await signIn(office.context, 'xlb1');
  await office.page.goto('/console/reception');
  const row = office.page.getByRole('row').filter({ hasText: number });
  // What cannot be undone is asked first.
  await row.getByRole('button', { name: '取消预约' }).click();
  await office.page.getByRole('dialog').getByText('不能恢复').waitFor();
  await office.page.getByRole('dialog').getByRole('button', { name: '返回' }).click();
  await row.getByText('139****8888').waitFor();
  expect(await office.page.getByText('13977778888').count()).toBe(0);
  await row.getByRole('button', { name: '接访立件' }).click();
  const dialog = office.page.getByRole('dialog');
  await dialog.getByLabel('诉求内容').fill('楼道堆物半年没人管，要求本月清理。');
  await dialog.getByLabel('网格').selectOption({ label: '青云第一网格' });
  await dialog.getByRole('button', { name: '接访立件' }).click();
  await row.getByText('已接访').waitFor();
  await row.getByRole('link', { name: '查看诉求件' }).click();
  await office.page.getByText('周四群众诉求服务日').first().waitFor();
  await office.page.getByText('楼道堆物半年没人管，要求本月清理').first().waitFor();
  expect([...resident.errors, ...office.errors]).toEqual([]);
  await resident.context.close();
  await office.context.close();
});

test('the team of a grid is put together in the directory', async () => {
  const office = await person();
  await signIn(office.context, 'xlb1');
  await office.page.goto('/console/who?unit=lh.dm.c03');
  const grid = office.page.getByRole('region', { name: '南塘里第一网格' });
  await grid.getByText('按岗位推荐').waitFor();
  await grid.getByRole('button', { name: /调整专班/ }).click();
  const dialog = office.page.getByRole('dialog');
  await dialog.getByLabel('支部名称').fill('南塘里临时党支部');
  await dialog.getByLabel('支部书记').selectOption({ index: 0 });
  await dialog.getByRole('button', { name: '保存' }).click();
  await grid.getByText('已组建').waitFor();
  await grid.getByText('南塘里临时党支部').waitFor();
  expect(office.errors).toEqual([]);
  await office.context.close();
});
