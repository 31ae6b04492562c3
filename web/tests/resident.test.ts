import { afterAll, expect, test } from 'vitest';
import { close, PHONE, person, settled } from './browser';

afterAll(close);

/** A photo as a phone takes it: drawn here, so that it is a real picture. */
async function photo(page: import('playwright-core').Page): Promise<Buffer> {
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2400, 1800];
    const pen = canvas.getContext('2d');
    for (let at = 0; pen && at < 60; at += 1) {
      pen.fillStyle = `hsl(${at * 6} 60% 50%)`;
      pen.fillRect(at * 40, 0, 40, 1800);
    }
    return canvas.toDataURL('image/jpeg', 0.95);
  });
  return Buffer.from(url.split(',')[1] ?? '', 'base64');
}

test('scan, two steps and a photo, a number; then progress in plain words', async () => {
  const { context, page, errors } = await person({ viewport: PHONE });
  await page.goto('/q/s001');
  await page.getByText('您在').waitFor();
  await page.getByRole('button', { name: '反映问题' }).click();
  await page.getByText('第 1 步，共 2 步').waitFor();
  await page.getByLabel('请说说情况').fill('楼下的路灯坏了三盏，晚上很黑，老人容易摔跤。');
  await page
    .getByLabel('添加照片')
    .setInputFiles({ name: '路灯.jpg', mimeType: 'image/jpeg', buffer: await photo(page) });
  await page.getByRole('img', { name: '照片 1' }).waitFor();
  await page.getByRole('button', { name: '下一步' }).click();
  await page.getByLabel('电话').fill('123');
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByText('请填写正确的手机号').waitFor();
  await page.getByLabel('电话').fill('13900000077');
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByRole('heading', { name: '已收到' }).waitFor();
  await page.getByText('照片已上传').waitFor();
  const storage = await page.evaluate(() => JSON.stringify(localStorage));
  expect(storage, 'no phone is kept on the phone').not.toContain('13900000077');
  await page.getByRole('button', { name: '保存到本机' }).click();
  await page.getByRole('link', { name: '查看进度' }).click();
  await page.getByText('正在分派').or(page.getByText('已交负责单位')).waitFor();
  await page.getByText('收到您的诉求').waitFor();
  await page.goto('/');
  await page.getByRole('link', { name: /路灯坏了/ }).click();
  await page.getByText('收到您的诉求').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('without a code the place is asked; a wrong code opens nothing', async () => {
  const { context, page } = await person({ viewport: PHONE });
  await page.goto('/new');
  await page.getByText('第 1 步，共 3 步').waitFor();
  await page.getByRole('button', { name: '下一步' }).click();
  await page.getByText('请填写此项').waitFor();
  await page.goto('/track');
  await page.getByLabel('编号').fill('DM20260101-00001');
  await page.getByLabel('查询码').fill('WRONGCODE');
  await page.getByRole('button', { name: '查询', exact: true }).click();
  await page.getByText('编号与查询码不符').waitFor();
  await context.close();
});

test('a broken connection loses nothing, and the retry is the same request', async () => {
  const { context, page } = await person({ viewport: PHONE });
  await page.goto('/q/s002');
  await page.getByRole('button', { name: '反映问题' }).click();
  await page.getByLabel('请说说情况').fill('垃圾桶满了两天没人清运。');
  await page.getByRole('button', { name: '下一步' }).click();
  const keys: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/public/cases'))
      keys.push(request.headers()['idempotency-key']);
  });
  await context.setOffline(true);
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByText('网络不通').waitFor();
  await context.setOffline(false);
  await page.getByRole('button', { name: '提交' }).click();
  await page.getByRole('heading', { name: '已收到' }).waitFor();
  expect(keys.length).toBe(2);
  expect(keys[0]).toBe(keys[1]);
  await context.close();
});

test('my grid: chosen or located, with its hotline and who is on duty', async () => {
  const { context, page } = await person({ viewport: PHONE });
  await context.grantPermissions(['geolocation']);
  await context.setGeolocation({ longitude: 114.112582, latitude: 22.538871 });
  await page.goto('/here');
  await page.getByRole('button', { name: '按我的位置查找' }).click();
  await page.getByRole('link', { name: /连心线/ }).waitFor();
  await page.getByRole('heading', { name: '现在谁值班' }).waitFor();
  await settled(page);
  expect(await page.locator('a[href^="tel:"]').count()).toBeGreaterThan(1);
  await context.close();
});
