/** A real Chromium for the tests, and what they ask of a page again and again. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import type { PageSpec } from './pages';

export const PASSWORD = 'dongmen-demo';
/** An office PC, and a phone. */
export const OFFICE = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };

export const base = () => inject('base');

let shared: Promise<Browser> | undefined;

/** The browser of this file's tests; closed by `close`. */
export function browser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  shared ??= chromium.launch({ executablePath, args: ['--no-sandbox'] });
  return shared;
}

export async function close(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

export interface Look {
  viewport?: { width: number; height: number };
  language?: 'zh' | 'en';
  theme?: 'light' | 'dark';
  size?: 'normal' | 'large';
}

/** A browser of one person: own cookies, own storage. Any script error fails the test that meets it. */
export async function person(look: Look = {}): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const { viewport = OFFICE, language = 'zh', theme = 'light', size = 'normal' } = look;
  const context = await (await browser()).newContext({
    viewport,
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    baseURL: base(),
  });
  const kept = { language, look: { theme, size, contrast: 'normal' } };
  await context.addInitScript((values) => {
    for (const [name, value] of Object.entries(values)) {
      if (localStorage.getItem(`jiban.${name}`) === null) localStorage.setItem(`jiban.${name}`, JSON.stringify(value));
    }
  }, kept);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (why) => errors.push(why.message));
  return { context, page, errors };
}

const sessions = new Map<string, Awaited<ReturnType<BrowserContext['cookies']>>>();

/** Signs in through the API, once a person: sign-ins are few a minute. The pages have the session as a cookie. */
export async function signIn(context: BrowserContext, login: string): Promise<void> {
  const known = sessions.get(login);
  if (known) {
    await context.addCookies(known);
    return;
  }
  const answer = await context.request.post('/api/v1/sessions', { data: { login, password: PASSWORD } });
  expect(answer.status(), await answer.text()).toBe(201);
  sessions.set(login, await context.cookies());
}

/** Opens one of the pages as whoever looks at it. */
export async function open(context: BrowserContext, page: Page, spec: PageSpec): Promise<void> {
  if (spec.login) await signIn(context, spec.login);
  await page.goto(typeof spec.path === 'string' ? spec.path : await spec.path(context));
  // What a page is called stands on it once it is there, however busy the machine.
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await settled(page);
}

/** The page has come to rest: nothing is asked any more, but for the live stream. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('main, #app > *') !== null);
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
  await page.waitForTimeout(250);
}

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** What axe-core finds against WCAG 2.2 AA on the page as it is; nothing, where all is well. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(await axe);
  const found = await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: (options: object) => Promise<{ violations: Violation[] }> } }).axe
      .run;
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return (await run({ runOnly: tags })).violations;
  });
  return found.map(
    (one) =>
      `${one.id}: ${one.help}\n${one.nodes
        .slice(0, 4)
        .map((node) => `    ${node.html.slice(0, 160)}\n    ${node.failureSummary ?? ''}`)
        .join('\n')}`,
  );
}

/** What sticks out at the side, where the page can be moved sideways: the innermost elements past the edge. */
export function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth + 1) return [];
    const past = (one: Element) => one.getBoundingClientRect().right > clientWidth + 1;
    const inner = [...document.body.querySelectorAll('*')].filter((one) => past(one) && ![...one.children].some(past));
    return ['sticks out at the side:', ...inner.slice(0, 4).map((one) => `    ${one.outerHTML.slice(0, 160)}`)];
  });
}
