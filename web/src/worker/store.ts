/** What the phone keeps: the outbox, and what was read last, for when there is no network. All of it is one person's and goes when they sign out. */

import { api, type Case, type CasePage, faultOf, type Line, take, told } from '@core/api';
import { attach } from '@core/attach';
import { heard } from '@core/clock/time';
import { type Doable, perform } from '@core/perform';
import { clear, createStore, del, get, set, values } from 'idb-keyval';
import { computed, ref } from 'vue';
import { type Entry, Outbox, type Sent } from './outbox';

const entries = createStore('jiban-outbox', 'entries');
const reads = createStore('jiban-reads', 'reads');

/** Whether the last thing asked of the server got an answer. */
export const online = ref(navigator.onLine);

export const outbox = new Outbox(
  {
    all: () => values<Entry>(entries),
    put: (entry) => set(entry.key, entry, entries),
    drop: (key) => del(key, entries),
  },
  send,
);
export const pending = computed(() => outbox.entries.value.length);

/** Kept reads are forgotten; what was not sent stays for its owner. */
export const forgetReads = () => clear(reads);

/** How often what waits is tried while a page is open: "online" may come before the network carries anything. */
const AGAIN_MS = 10_000;

export function startSending(): void {
  const again = () => {
    if (outbox.waiting.value) outbox.flush();
  };
  window.addEventListener('online', again);
  setInterval(again, AGAIN_MS);
}

async function send(entry: Entry): Promise<Sent> {
  try {
    const done = await sent(entry);
    online.value = true;
    return done;
  } catch (why) {
    const found = faultOf(why);
    if (found.status === 0) online.value = false;
    // A session that is over is no refusal: it waits for the sign-in.
    return found.passes || found.status === 401 ? { is: 'later' } : { is: 'refused', why: told(why) };
  }
}

async function sent({ key, what }: Entry): Promise<Sent> {
  if (what.kind === 'act') {
    if (what.case === null) return { is: 'later' };
    await perform(what.case, what.act as Doable, what.body, undefined, key);
    return { is: 'done' };
  }
  if (what.kind === 'finding') {
    const params = { header: { 'Idempotency-Key': key } };
    const made = await take(api.POST('/api/v1/cases', { params, body: what.body as never }));
    return { is: 'done', case: made.number };
  }
  if (what.kind === 'visit') {
    await take(
      api.POST('/api/v1/rounds/visits', { body: { spot: what.spot, at: what.at, checklist: what.checklist ?? null } }),
    );
    return { is: 'done' };
  }
  if (what.case === null) return { is: 'later' };
  await attach(what.case, what.shows, what.name, what.photo);
  return { is: 'done' };
}

/** An answer, or what was answered last where there is no network. */
async function read<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    const answer = await ask();
    online.value = true;
    await set(name, answer, reads);
    return answer;
  } catch (why) {
    if (faultOf(why).status !== 0) throw why;
    online.value = false;
    const last = await get<T>(name, reads);
    if (last === undefined) throw why;
    return last;
  }
}

export async function tasks(): Promise<Line[]> {
  const page = await read('tasks', async () => {
    const found = await take(api.GET('/api/v1/cases', { params: { query: { order: 'due', limit: 100 } } }));
    heard(found.now);
    return found;
  });
  return page.cases;
}

/** Spots of the round, those that need a look most first. */
export function rounds() {
  return read('rounds', () => take(api.GET('/api/v1/rounds/spots')));
}

/** A task as far as it may stay on the phone: without who the reporter is. */
export async function task(id: string): Promise<CasePage> {
  return read(`case ${id}`, async () => {
    const page = await take(api.GET('/api/v1/cases/{case}', { params: { path: { case: id } } }));
    return { ...page, reporter: null };
  });
}

export type { Case };
