import { afterAll, expect, test } from 'vitest';
import { close, person, settled, signIn } from './browser';

afterAll(close);

/** Kilobytes of script, packed, that a first load of this page takes. */
async function script(path: string, login?: string): Promise<number> {
  const { context, page } = await person();
  if (login) await signIn(context, login);
  let bytes = 0;
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const scripts = new Set<string>();
  session.on('Network.responseReceived', ({ requestId, type }) => {
    if (type === 'Script') scripts.add(requestId);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(path);
  await settled(page);
  await context.close();
  return bytes / 1024;
}

// What people wait for on a slow line. Sizes do not depend on the machine that measures.
test.each([
  ['/', 150, undefined],
  ['/q/s001', 150, undefined],
  ['/new', 150, undefined],
  ['/track', 150, undefined],
  ['/console/sign-in', 250, undefined],
  ['/console/queue', 250, 'xlb1'],
  ['/work', 150, 'c01g01a'],
] as const)('the first load of %s takes at most %i kB of script', async (path, most, login) => {
  const kilobytes = await script(path, login);
  expect(kilobytes).toBeGreaterThan(10);
  expect(kilobytes).toBeLessThanOrEqual(most);
});

test('what is far from the first page loads when it is opened', async () => {
  const { context, page } = await person();
  await signIn(context, 'xlb1');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/console/queue');
  await settled(page);
  expect(asked.filter((url) => /AreaMap|QrCode|Screen|Organisation/.test(url))).toEqual([]);
  await page.getByRole('link', { name: '网格地图' }).click();
  await page.getByRole('heading', { level: 1, name: '网格地图' }).waitFor();
  await settled(page);
  expect(asked.filter((url) => /AreaMap/.test(url)).length).toBeGreaterThan(0);
  await context.close();
});

test('twice as large as usual, nothing is out of reach', async () => {
  // 200 % zoom of a 1366 × 768 screen is a page of half its width at twice the density.
  const { context, page } = await person({ viewport: { width: 683, height: 384 } });
  await signIn(context, 'xlb1');
  for (const path of ['/console/queue', '/console/cases/new', '/console/map', '/console/organisation', '/new']) {
    await page.goto(path);
    await settled(page);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1);
    expect(wider, path).toBe(false);
  }
  await context.close();
});
