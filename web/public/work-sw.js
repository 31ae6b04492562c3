/* Makes the grid worker's shell open without a network: the page, its scripts and styles. Data and acts are the page's
   own affair; nothing of a case may be kept here. */
const SHELF = 'jiban-work-shell';
const SHELL = '/work';

self.addEventListener('install', (event) => event.waitUntil(shell().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(fresh(request, SHELL));
  else if (url.pathname.startsWith('/assets/') || url.pathname === '/icon.svg') event.respondWith(kept(request));
});

/** The page and all that it names. */
async function shell() {
  const shelf = await caches.open(SHELF);
  const answer = await fetch(SHELL);
  const page = await answer.clone().text();
  await shelf.put(SHELL, answer);
  await shelf.addAll([...page.matchAll(/(?:src|href)="(\/(?:assets\/[^"]+|icon\.svg))"/g)].map((found) => found[1]));
}

/** The page of the network; the last one where there is none. */
async function fresh(request, name) {
  const shelf = await caches.open(SHELF);
  try {
    const answer = await fetch(request);
    if (answer.ok) await shelf.put(name, answer.clone());
    return answer;
  } catch (why) {
    const last = await shelf.match(name);
    if (last) return last;
    throw why;
  }
}

/** Assets carry what they hold in their names: once here, always right. */
async function kept(request) {
  const shelf = await caches.open(SHELF);
  const known = await shelf.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await shelf.put(request, answer.clone());
  return answer;
}
