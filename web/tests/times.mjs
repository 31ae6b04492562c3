/**
 * How long people wait, in a real browser against a running program: `node web/tests/times.mjs ADDRESS TOKEN` prints medians
 * in milliseconds as JSON. Called by `cargo xtask bench --browser`; nothing here is a test, and no test times anything.
 */
import { chromium } from 'playwright-core';

const ROUNDS = 15;
const [base, token] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN' });
await context.addCookies([{ name: 'jiban_session', value: token, url: base }]);
const page = await context.newPage();

/**
 * Milliseconds from an input to what it brings, as the page itself sees both: the press of a mouse or key, and the first
 * frame in which `there` is on the page.
 */
async function wait(input, there) {
  await page.evaluate((selector) => {
    window.waited = new Promise((resolve) => {
      let began;
      const begin = () => {
        began ??= performance.now();
      };
      for (const kind of ['mousedown', 'keydown'])
        document.addEventListener(kind, begin, { capture: true, once: true });
      const look = () => {
        if (began !== undefined && document.querySelector(selector)) resolve(performance.now() - began);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  }, there);
  await input();
  return page.evaluate(() => window.waited);
}

const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
const times = { queue: [], case: [], feedback: [] };
await page.goto(`${base}/console/queue`);
await page.locator('tr[data-case]').first().waitFor();
for (let round = 0; round < ROUNDS; round += 1) {
  times.case.push(await wait(() => page.locator(`tr[data-case] >> nth=${round} >> a`).click(), '.page .columns'));
  times.queue.push(await wait(() => page.locator('nav a[href="/console/queue"]').last().click(), 'tr[data-case]'));
  times.feedback.push(await wait(() => page.keyboard.press('Control+k'), 'dialog[open]'));
  await page.keyboard.press('Escape');
}
await browser.close();
console.log(JSON.stringify(Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]))));
