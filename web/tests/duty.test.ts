/** A call that nobody answers rings on to the next on duty, who takes it. */
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
