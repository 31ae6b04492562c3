import { expect, test } from 'vitest';
import { type Entry, Outbox, type Sent, type Shelf } from './outbox';

function shelf(): Shelf & { kept: Map<string, Entry> } {
  const kept = new Map<string, Entry>();
  return {
    kept,
    all: async () => [...kept.values()],
    put: async (entry) => void kept.set(entry.key, structuredClone(entry)),
    drop: async (key) => void kept.delete(key),
  };
}
const note = (key: string, line: string, at: number) => ({
  key,
  line,
  at,
  label: key,
  what: { kind: 'act' as const, case: line, act: 'note', body: {} },
});

test('what cannot be sent is kept with its key and sent later, in order', async () => {
  const [place, sent] = [shelf(), [] as string[]];
  let online = false;
  const send = async (entry: Entry): Promise<Sent> => {
    if (!online) return { is: 'later' };
    sent.push(entry.key);
    return { is: 'done' };
  };
  const box = new Outbox(place, send, 'wang');
  await box.add(note('a', 'case1', 1));
  await box.add(note('b', 'case1', 2));
  await box.add(note('c', 'case2', 3));
  expect([box.waiting.value, place.kept.size]).toEqual([3, 3]);
  online = true;
  await box.flush();
  expect(sent).toEqual(['a', 'b', 'c']);
  expect([box.waiting.value, place.kept.size]).toEqual([0, 0]);
});

test('a refusal stays with its reason and holds up only what comes after it on the same case', async () => {
  const place = shelf();
  const send = async (entry: Entry): Promise<Sent> =>
    entry.key === 'a' ? { is: 'refused', why: 'late' } : { is: 'done' };
  const box = new Outbox(place, send, 'wang');
  await box.add(note('a', 'case1', 1));
  await box.add(note('b', 'case1', 2));
  await box.add(note('c', 'case2', 3));
  expect(box.entries.value.map((entry) => [entry.key, entry.refused])).toEqual([
    ['a', 'late'],
    ['b', undefined],
  ]);
  await box.drop('a');
  await box.flush();
  expect(box.entries.value).toEqual([]);
});

test('photos of a finding wait for its case, also over a new start', async () => {
  const place = shelf();
  const cases: (string | null)[] = [];
  let photos = false;
  const send = async (entry: Entry): Promise<Sent> => {
    if (entry.what.kind === 'finding') return { is: 'done', case: 'DM1' };
    if (entry.what.kind === 'photo' && photos) {
      cases.push(entry.what.case);
      return { is: 'done' };
    }
    return { is: 'later' };
  };
  const first = new Outbox(place, send, 'wang');
  await first.add({
    key: 'p',
    line: 'f',
    at: 2,
    label: 'p',
    what: { kind: 'photo', case: null, shows: 'before', name: 'a.jpg', photo: new Blob(['x']) },
  });
  await first.add({ key: 'f', line: 'f', at: 1, label: 'f', what: { kind: 'finding', body: {} } });
  photos = true;
  const second = new Outbox(place, send);
  await second.open('wang');
  await second.flush();
  expect(cases).toEqual(['DM1']);
});

test('another person on the same phone neither sees nor sends it', async () => {
  const place = shelf();
  const box = new Outbox(place, async () => ({ is: 'later' }), 'wang');
  await box.add(note('a', 'case1', 1));
  await box.open('li');
  expect(box.entries.value).toEqual([]);
  expect(place.kept.size).toBe(1);
});
