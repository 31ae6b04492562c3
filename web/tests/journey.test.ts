import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, settled, signIn } from './browser';

afterAll(close);

const PHOTO = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
  'base64',
);

test('the main job through all three doors, from the scan to the close, every clock met', async () => {
  // A resident scans the code at the gate.
  const resident = await person({ viewport: PHONE });
  await resident.page.goto('/q/s001');
  await resident.page.getByRole('button', { name: '反映问题' }).click();
  await resident.page.getByLabel('请说说情况').fill('小区门口堆着旧沙发和床垫，已经三天了，没人清走。');
  await resident.page.getByRole('button', { name: '下一步' }).click();
  await resident.page.getByLabel('电话').fill('13900000066');
  await resident.page.getByRole('button', { name: '提交' }).click();
  await resident.page.getByRole('heading', { name: '已收到' }).waitFor();
  await resident.page.getByRole('button', { name: '保存到本机' }).click();
  await resident.page.getByRole('link', { name: '查看进度' }).click();
  await resident.page.waitForURL(/track/);
  const number = /DM\d+-\d+/.exec(resident.page.url())?.[0];
  expect(number).toBeDefined();

  // The liaison office confirms what the program proposes, each with one key.
  const office = await person();
  await signIn(office.context, 'xlb1');
  await office.page.goto(`/console/cases/${number}`);
  const clocks = office.page.getByRole('region', { name: '时限', exact: true });
  await clocks.getByText(/分拨时限.*剩余/).waitFor();
  await office.page.getByText('确认分类').waitFor();
  await office.page.keyboard.press('y');
  await office.page.getByRole('button', { name: /确认分拨 y/ }).waitFor();
  await office.page.keyboard.press('y');
  await clocks.getByText(/联系时限.*剩余/).waitFor();
  await clocks.getByText(/办结时限.*剩余/).waitFor();
  const answer = await office.context.request.get(`/api/v1/cases/${number}`);
  const { case: it } = (await answer.json()) as { case: { lead: string } };
  const organisation = await office.context.request.get('/api/v1/organisation');
  type Person = { id: string; posts: { unit: string }[] };
  const { people } = (await organisation.json()) as { people: Person[] };
  const handler = people.find((one) => one.posts.some((post) => post.unit === it.lead))?.id ?? '';

  // Whoever is responsible goes there.
  const street = await person({ viewport: PHONE });
  await signIn(street.context, handler);
  await street.page.goto(`/work/cases/${number}`);
  await street.page.getByRole('button', { name: '签收' }).click();
  await street.page.getByRole('button', { name: '打电话' }).first().click();
  await street.page.getByRole('link', { name: '拨打 13900000066' }).waitFor();
  await street.page.getByRole('button', { name: '已打通', exact: true }).click();
  await street.page.getByRole('button', { name: '核实', exact: true }).first().click();
  await street.page.getByLabel('核实情况').fill('门口有一张沙发、两张床垫');
  await street.page.locator('#ask').getByRole('button', { name: '核实' }).click();
  await street.page
    .getByLabel('拍处置后照片')
    .setInputFiles({ name: 'after.png', mimeType: 'image/png', buffer: PHOTO });
  await street.page.locator('.photos img').waitFor();
  await street.page.getByRole('button', { name: '办结' }).first().click();
  await street.page.getByLabel('办理结果').fill('已联系环卫清运完毕');
  await street.page.locator('#ask').getByRole('button', { name: '办结' }).click();
  await street.page.getByText('已办结').waitFor();

  // The resident sees it and is content.
  await resident.page.reload();
  await resident.page.getByText('已联系环卫清运完毕').first().waitFor();
  await resident.page
    .locator('.grades label')
    .filter({ hasText: /^很满意$/ })
    .click();
  await resident.page.getByRole('button', { name: '提交评价' }).click();
  await resident.page.getByText('您的评价：很满意').waitFor();

  // The handler writes the opinion at a desk, and closes when somebody has asked once more.
  const desk = await person();
  await signIn(desk.context, handler);
  const { page } = desk;
  await page.goto(`/console/cases/${number}`);
  await page.getByRole('button', { name: '填报意见书' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('核查情况').fill('属实');
  await dialog.getByLabel('处理措施').fill('联系环卫清运');
  await dialog.getByLabel('办理结果').selectOption('solved');
  await dialog.getByLabel('答复诉求人意见').fill('已清运，感谢反映');
  await dialog.getByRole('button', { name: '填报意见书' }).click();
  await dialog.waitFor({ state: 'detached' });
  // Somebody else asks once more: whether the case is drawn for a third person or not.
  await office.page.goto(`/console/cases/${number}`);
  await office.page.getByRole('button', { name: '登记回访' }).click();
  const call = office.page.getByRole('dialog');
  for (const asked of ['是否接通', '办理单位是否及时响应', '问题是否解决', '是否满意']) {
    await call.getByRole('group', { name: asked }).getByRole('radio', { name: '是' }).first().check();
  }
  await call.getByLabel('回访方式').selectOption('phone');
  await call.getByRole('button', { name: '登记回访' }).click();
  await call.waitFor({ state: 'detached' });
  await page.goto(`/console/cases/${number}`);
  await page.getByRole('button', { name: '结案' }).click();
  await dialog.getByRole('button', { name: '结案' }).click();
  await page.getByText('已结案').first().waitFor();
  await settled(page);

  // Each clock that ran is told, with its end.
  await page.getByText('已结束的时限').click();
  for (const rule of ['分拨时限', '联系时限', '核实时限', '办结时限'])
    await page.getByText(`${rule} 按时完成`).waitFor();
  const chain = await office.context.request.get(`/api/v1/cases/${number}/verify-chain`);
  expect(await chain.json()).toMatchObject({ whole: true });
  for (const one of [resident, office, street, desk]) {
    expect(one.errors).toEqual([]);
    await one.context.close();
  }
});
