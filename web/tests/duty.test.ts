/** A call that nobody answers rings on to the next on duty, who takes it; a turn is swapped; who goes hands over to who comes. */
import { afterAll, expect, test } from 'vitest';
import { close, person, signIn } from './browser';

afterAll(close);

test('a missed call rings the first on duty, then the next, who takes it', async () => {
  const { context, page, errors } = await person();
  await signIn(context, 'xlb1');
  await page.goto('/console/duty');
  const now = (await (await context.request.get('/api/v1/organisation/duty')).json()) as {
    unit: string;
    post: string;
    people: { id: string; name: string }[];
  }[];
  const desk = now.find((one) => one.post === 'street');
  const [first, second] = desk?.people ?? [];
  await page.getByRole('button', { name: '街道值班室：无人接听，转呼' }).click();
  const calls = page.getByRole('region', { name: '无人接听的来电' });
  const call = calls.getByRole('listitem').filter({ hasText: '街道值班室' }).first();
  await call.getByText('呼叫中').waitFor();
  await call.getByText(first?.name ?? '?').waitFor();

  // The first is told, cannot take it, and passes it on.
  const busy = await person();
  await signIn(busy.context, first?.id ?? '');
  await busy.page.goto('/console/notices');
  await busy.page.getByText('街道值班室来电无人接听').first().waitFor();
  await busy.page.goto('/console/duty');
  await busy.page.getByRole('button', { name: '不便接听，转下一位' }).first().click();
  await busy.page.getByText(`→ ${second?.name}`).first().waitFor();
  const next = await person();
  await signIn(next.context, second?.id ?? '');
  await next.page.goto('/console/notices');
  await next.page.getByText('街道值班室来电无人接听').first().waitFor();
  await next.page.goto('/console/duty');
  await next.page.getByRole('button', { name: '我来接' }).first().click();
  await next.page.getByText(`已接 · ${second?.name}`).first().waitFor();
  await page.reload();
  await call.getByText(`已接 · ${second?.name}`).waitFor();
  expect([...errors, ...busy.errors, ...next.errors]).toEqual([]);
  await context.close();
  await busy.context.close();
  await next.context.close();
});

interface Turn {
  unit: string;
  post: string;
  person: string;
  from: string;
  to: string;
  order: number;
}

// Before a turn is swapped: then whoever goes may be who comes.
test('who goes writes what is open, who comes signs it', async () => {
  const goes = await person();
  await signIn(goes.context, 'duty1');
  const [from, until] = [-1, 3].map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
  const roster = (await (
    await goes.context.request.get(`/api/v1/organisation/roster?from=${from}&until=${until}`)
  ).json()) as Turn[];
  const first = roster.filter((turn) => turn.post === 'street' && turn.order === 1);
  const now = first.find((turn) => Date.parse(turn.from) <= Date.now() && Date.now() < Date.parse(turn.to));
  const next = first.find((turn) => now && Date.parse(turn.from) === Date.parse(now.to));
  await goes.context.close();
  const holder = await person();
  await signIn(holder.context, now?.person ?? '');
  await holder.page.goto('/console/duty');
  await holder.page.getByRole('button', { name: '写交班记录' }).click();
  const dialog = holder.page.getByRole('dialog');
  await dialog.getByText(/未结紧急件 \d+ 件/).waitFor();
  await dialog.getByLabel('交班说明').fill('步行街促销，关注噪声；钥匙两把。');
  await dialog.getByRole('button', { name: '交班', exact: true }).click();
  const sheet = holder.page.getByRole('listitem').filter({ hasText: '步行街促销，关注噪声' }).first();
  await sheet.getByText('待签收').waitFor();

  const comes = await person();
  await signIn(comes.context, next?.person ?? '');
  await comes.page.goto('/console/duty');
  const open = comes.page.getByRole('listitem').filter({ hasText: '步行街促销，关注噪声' }).first();
  await open.getByRole('button', { name: '签收接班' }).click();
  await open.getByText('已签收').waitFor();
  const [download] = await Promise.all([comes.page.waitForEvent('download'), open.getByText('PDF').click()]);
  expect(download.suggestedFilename()).toMatch(/^hand-over-.*\.pdf$/);
  expect([...holder.errors, ...comes.errors]).toEqual([]);
  await holder.context.close();
  await comes.context.close();
});

test('a turn is swapped: the other agrees, and the roster says so', async () => {
  const giver = await person();
  await signIn(giver.context, 'duty1');
  await giver.page.goto('/console/duty');
  const swaps = giver.page.getByRole('region', { name: '换班' });
  await swaps.getByRole('button', { name: '请人顶替我的班次' }).click();
  const dialog = giver.page.getByRole('dialog');
  await dialog.getByLabel('班次').waitFor();
  const name = (await dialog.getByLabel('请谁顶替').locator('option').first().textContent()) ?? '';
  await dialog.getByLabel('请谁顶替').selectOption({ label: name });
  await dialog.getByLabel('原因').fill('孩子发烧');
  await dialog.getByRole('button', { name: '发出请求' }).click();
  const own = swaps.getByRole('listitem').filter({ hasText: '孩子发烧' });
  await own.getByText('待答复').waitFor();

  const organisation = (await (await giver.context.request.get('/api/v1/organisation')).json()) as {
    people: { id: string; name: string }[];
  };
  const taker = await person();
  await signIn(taker.context, organisation.people.find((one) => one.name === name)?.id ?? '');
  await taker.page.goto('/console/notices');
  await taker.page.getByText('请您顶替').first().waitFor();
  await taker.page.goto('/console/duty');
  const asked = taker.page.getByRole('region', { name: '换班' }).getByRole('listitem').filter({ hasText: '孩子发烧' });
  await asked.getByRole('button', { name: '同意顶替' }).click();
  // It cannot be taken back, so it is asked first.
  const sure = taker.page.getByRole('dialog', { name: '同意顶替' });
  await sure.getByRole('button', { name: '返回' }).click();
  await asked.getByText('待答复').waitFor();
  await asked.getByRole('button', { name: '同意顶替' }).click();
  await sure.getByRole('button', { name: '同意顶替' }).click();
  await asked.getByText('已同意').waitFor();
  await taker.page.getByRole('region', { name: '本周值班表' }).getByText('替吕欣刚').first().waitFor();
  expect([...giver.errors, ...taker.errors]).toEqual([]);
  await giver.context.close();
  await taker.context.close();
});
