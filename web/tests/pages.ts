import type { BrowserContext } from 'playwright-core';

/** Every page there is: for the tests that look at all of them, and for the screenshots. */
export interface PageSpec {
  /** File name of its screenshot. */
  title: string;
  path: string | ((context: BrowserContext) => Promise<string>);
  /** Demo account that looks at it; none for what is open to all. */
  login?: string;
}

/** The number of a case that the reader sees. */
async function number(context: BrowserContext, query: string): Promise<string | undefined> {
  const answer = await context.request.get(`/api/v1/cases?${query}&limit=1`);
  const { cases } = (await answer.json()) as { cases: { number: string }[] };
  return cases[0]?.number;
}
const someCase = async (context: BrowserContext) => `/console/cases/${await number(context, 'state=handling')}`;
const someTask = async (context: BrowserContext) => `/work/cases/${await number(context, 'order=newest')}`;

/** The first of what a list has. */
async function first(context: BrowserContext, list: string): Promise<string> {
  const found = (await (await context.request.get(`/api/v1/${list}`)).json()) as
    | { id: string }[]
    | Record<string, { id: string }[]>;
  const rows = Array.isArray(found) ? found : Object.values(found).find(Array.isArray);
  return `/console/${list}/${rows?.[0]?.id}`;
}
const someBulletin = (context: BrowserContext) => first(context, 'bulletins');
const someCampaign = (context: BrowserContext) => first(context, 'campaigns');
const someLetter = (context: BrowserContext) => first(context, 'letters');

/** The progress page of a case that was just told, by number and code. */
async function told(context: BrowserContext): Promise<string> {
  const data = { channel: 'qr', text: '楼下烧烤店油烟扰民，晚上不敢开窗。', place: { spot: 's001' } };
  const answer = await context.request.post('/api/v1/public/cases', { data });
  const { number, tracking_code: code } = (await answer.json()) as { number: string; tracking_code: string };
  const mine = JSON.stringify([{ number, code, about: '楼下烧烤店油烟扰民' }]);
  await context.addInitScript((value) => localStorage.setItem('jiban.mine', value), mine);
  return `/track/${number}`;
}

/** The door of a shop that has just been admitted, kept on the phone. */
async function partner(context: BrowserContext): Promise<string> {
  const { request } = context;
  const headers = { 'x-jiban': 'web' };
  const { consent } = (await (await request.get('/api/v1/public/partners/terms')).json()) as {
    consent: { version: string };
  };
  const data = { kind: 'shop', name: '青云糖水铺', phone: '13900001111', spot: 's001', consent: consent.version };
  const door = (await (await request.post('/api/v1/public/partners', { data })).json()) as { partner: string };
  const signedIn = await request.post('/api/v1/sessions', { data: { login: 'c01a', password: 'dongmen-demo' } });
  const { token } = (await signedIn.json()) as { token: string };
  const admits = { ...headers, authorization: `Bearer ${token}` };
  await request.post(`/api/v1/partners/${door.partner}/acts`, { data: { act: 'admit' }, headers: admits });
  await context.addInitScript((value) => localStorage.setItem('jiban.partner', value), JSON.stringify(door));
  return '/partner';
}

/** What is near, for somebody who chose their grid. */
async function near(context: BrowserContext): Promise<string> {
  await context.addInitScript(() => localStorage.setItem('jiban.grid', '"lh.dm.c01.g01"'));
  return '/near';
}

/** The first guide of the list. */
async function someGuide(context: BrowserContext): Promise<string> {
  const answer = await context.request.post('/api/v1/public/guides', { data: {} });
  const [first] = (await answer.json()) as { id: string }[];
  return `/guides/${first?.id}`;
}

export const PAGES: PageSpec[] = [
  { title: 'resident-home', path: '/' },
  { title: 'resident-scanned', path: '/q/s001' },
  { title: 'resident-submit', path: '/new' },
  { title: 'resident-track', path: '/track' },
  { title: 'resident-progress', path: told },
  { title: 'resident-here', path: '/here' },
  { title: 'resident-hall', path: '/hall' },
  { title: 'resident-volunteering', path: '/volunteering' },
  { title: 'resident-partner-join', path: '/partner/join' },
  { title: 'resident-partner-sign-in', path: '/partner' },
  { title: 'resident-partner', path: partner },
  { title: 'resident-near', path: near },
  { title: 'resident-guides', path: '/guides' },
  { title: 'resident-guide', path: someGuide },
  { title: 'resident-reception', path: '/reception' },
  { title: 'resident-not-found', path: '/nowhere' },
  { title: 'work-sign-in', path: '/work/sign-in' },
  { title: 'work-tasks', path: '/work', login: 'c01a' },
  { title: 'work-task', path: someTask, login: 'c01a' },
  { title: 'work-find', path: '/work/find', login: 'c01g01a' },
  { title: 'work-rounds', path: '/work/rounds', login: 'c01g01a' },
  { title: 'work-outbox', path: '/work/outbox', login: 'c01g01a' },
  { title: 'console-sign-in', path: '/console/sign-in' },
  { title: 'console-queue', path: '/console/queue', login: 'xlb1' },
  { title: 'console-queue-empty', path: '/console/queue?class=urgent&mark=state_rated', login: 'xlb1' },
  { title: 'console-desk', path: '/console/queue?desk=follow_up', login: 'xlb1' },
  { title: 'console-follow-ups', path: '/console/follow-ups', login: 'xlb1' },
  { title: 'console-intake', path: '/console/cases/new', login: 'duty1' },
  { title: 'console-case', path: someCase, login: 'xlb1' },
  { title: 'console-search', path: '/console/search?q=占道经营', login: 'xlb1' },
  { title: 'console-notices', path: '/console/notices', login: 'xlb1' },
  { title: 'console-map', path: '/console/map', login: 'xlb1' },
  { title: 'console-rounds', path: '/console/rounds', login: 'xlb1' },
  { title: 'console-hall', path: '/console/hall', login: 'xlb1' },
  { title: 'console-duty', path: '/console/duty', login: 'duty1' },
  { title: 'console-reception', path: '/console/reception', login: 'leader1' },
  { title: 'console-who', path: '/console/who?unit=lh.dm.c01', login: 'xlb1' },
  { title: 'console-organisation', path: '/console/organisation?unit=lh.dm.c01', login: 'admin' },
  { title: 'console-codes', path: '/console/codes?unit=lh.dm.c01.g01', login: 'xlb1' },
  { title: 'console-policy', path: '/console/policy', login: 'leader1' },
  { title: 'console-what-if', path: '/console/policy/what-if', login: 'leader1' },
  { title: 'console-signals', path: '/console/signals', login: 'leader1' },
  { title: 'console-partners', path: '/console/partners', login: 'c01a' },
  { title: 'console-activities', path: '/console/partners?show=activities', login: 'c01a' },
  { title: 'console-campaigns', path: '/console/campaigns', login: 'leader1' },
  { title: 'console-campaign', path: someCampaign, login: 'xlb1' },
  { title: 'console-assessment', path: '/console/assessment', login: 'leader1' },
  { title: 'console-bulletins', path: '/console/bulletins', login: 'leader1' },
  { title: 'console-bulletin', path: someBulletin, login: 'xlb1' },
  { title: 'console-letters', path: '/console/letters', login: 'leader1' },
  { title: 'console-letter', path: someLetter, login: 'leader1' },
  { title: 'console-triage', path: '/console/triage', login: 'xlb1' },
  { title: 'console-public-notices', path: '/console/public-notices', login: 'xlb1' },
  { title: 'console-guides', path: '/console/guides', login: 'xlb1' },
  { title: 'console-import', path: '/console/import', login: 'xlb1' },
  { title: 'console-audit', path: '/console/audit', login: 'jjw1' },
  { title: 'screen', path: '/screen', login: 'leader1' },
  { title: 'console-not-found', path: '/console/nowhere', login: 'xlb1' },
];
