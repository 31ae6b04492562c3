/** The board of signals: a warning is told, becomes a plan of rounds, and stands among what was decided. */
import { afterAll, expect, test } from 'vitest';
import { close, person, settled, signIn } from './browser';

afterAll(close);

test('a warning becomes a plan of rounds, and what came of it is told', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/signals');
  await page.getByRole('button', { name: '发布预警' }).click();
  const warning = page.getByRole('dialog', { name: '发布预警' });
  await warning.getByLabel('持续天数').fill('2');
  await warning.getByRole('button', { name: '发布预警' }).click();
  await warning.waitFor({ state: 'detached' });

  const board = page.getByRole('region', { name: '待研判' });
  const typhoon = board.getByRole('listitem').filter({ hasText: '台风' });
  await typhoon.getByText('时令节点').waitFor();
  await typhoon.getByText('清疏排水口').waitFor();
  await board.getByRole('button', { name: /^时令节点/ }).click();
  expect(await board.getByText('弱信号', { exact: true }).count()).toBe(0);

  // Told twice it is refused in words.
  await page.getByRole('button', { name: '发布预警' }).click();
  await warning.getByRole('button', { name: '发布预警' }).click();
  await warning.getByText('此预警已发布，仍在有效期内').first().waitFor();
  await page.keyboard.press('Escape');

  await typhoon.getByRole('link', { name: '安排巡查' }).click();
  const plan = page.getByRole('dialog', { name: '制定计划' });
  await plan.getByText('由苗头安排巡查').waitFor();
  expect(await plan.getByLabel('计划（主题）').inputValue()).toContain('台风');
  expect(await plan.getByLabel('检查清单').inputValue()).toBe('typhoon');
  expect(await plan.getByLabel('每年从').inputValue()).not.toBe('');
  await plan.getByRole('button', { name: '制定计划' }).click();
  await plan.waitFor({ state: 'detached' });
  await settled(page);
  await page
    .getByRole('rowheader', { name: /台风.*巡查/ })
    .first()
    .waitFor();

  await page.goto('/console/signals');
  const came = page.getByRole('region', { name: '研判与成效' });
  await came.getByRole('row', { name: /时令节点/ }).waitFor();
  await came.getByText(/^已判断/).click();
  const decided = came.getByRole('listitem').filter({ hasText: '台风' });
  await decided.getByText('已采纳').waitFor();
  await decided.getByRole('link', { name: /台风.*巡查/ }).waitFor();
  await decided.getByText('尚早').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});
