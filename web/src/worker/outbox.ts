/**
 * What was done on foot and is still to be sent. Every act goes through here: sent at once where there is a network,
 * kept with its key where there is none, so that a retry is the same act. Acts on one case go in their order. What the
 * server refuses stays, with its reason, until its owner has seen it. Nothing of a reporter's identity may be in here.
 */
import { computed, shallowRef } from 'vue';

export interface Entry {
  /** Its Idempotency-Key. */
  key: string;
  /** Whose it is: another person on the same phone neither sees nor sends it. */
  person: string;
  /** Acts with the same line go one after another: a case's id, or a finding's key. */
  line: string;
  /** What people read. */
  label: string;
  /** When it was done, milliseconds. */
  at: number;
  what: /** `null`: the case that the finding of this line becomes. */
    | { kind: 'act'; case: string | null; act: string; body: object }
    | { kind: 'finding'; body: object }
    | { kind: 'visit'; spot: string; at: string; checklist?: string }
    | { kind: 'photo'; case: string | null; shows: 'before' | 'after'; name: string; photo: Blob };
  /** Why the server refused it. */
  refused?: string;
}

/** Where entries are kept. */
export interface Shelf {
  all(): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  drop(key: string): Promise<void>;
}

/** What came of sending. `later`: no answer came, or the server asks to wait. */
export type Sent = { is: 'done'; case?: string } | { is: 'refused'; why: string } | { is: 'later' };

export class Outbox {
  readonly entries = shallowRef<Entry[]>([]);
  readonly waiting = computed(() => this.entries.value.filter((entry) => !entry.refused).length);
  readonly refused = computed(() => this.entries.value.filter((entry) => entry.refused).length);
  private running: Promise<void> | undefined;
  /** Cases that findings of this outbox have become. */
  private readonly born = new Map<string, string>();

  constructor(
    private readonly shelf: Shelf,
    private readonly send: (entry: Entry) => Promise<Sent>,
    private person = '',
  ) {}

  /** Takes up what is kept for this person. */
  async open(person: string): Promise<void> {
    this.person = person;
    const all = await this.shelf.all();
    this.entries.value = all.filter((entry) => entry.person === person).sort((a, b) => a.at - b.at);
  }

  async add(entry: Omit<Entry, 'person'>): Promise<void> {
    const whole = { ...entry, person: this.person };
    // Kept first: a page that dies while sending loses nothing.
    await this.shelf.put(whole);
    this.entries.value = [...this.entries.value, whole];
    await this.flush();
  }

  /** Sends what can be sent. One run at a time. */
  flush(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** The case that a finding of this outbox has become; none while it waits. */
  caseOf(finding: string): string | null {
    return this.born.get(finding) ?? null;
  }

  /** Its owner gives it up. What depends on it goes with it. */
  async drop(key: string): Promise<void> {
    for (const entry of this.entries.value.filter((one) => one.key === key || one.line === key))
      await this.remove(entry);
  }

  /** Its owner wants it tried again. */
  async again(key: string): Promise<void> {
    const entry = this.entries.value.find((one) => one.key === key);
    if (!entry) return;
    const { refused: _, ...rest } = entry;
    await this.shelf.put(rest);
    this.entries.value = this.entries.value.map((one) => (one.key === key ? rest : one));
    await this.flush();
  }

  private async run(): Promise<void> {
    /** Lines on which something waits: what comes after it waits too. */
    const held = new Set<string>();
    for (;;) {
      const next = this.entries.value.find((entry) => !entry.refused && !held.has(entry.line));
      if (!next) return;
      const stuck = this.entries.value.some((entry) => entry.refused && entry.line === next.line && entry.at < next.at);
      if (stuck) {
        held.add(next.line);
        continue;
      }
      const sent = await this.send(next);
      if (sent.is === 'done') {
        if (sent.case && next.what.kind === 'finding') this.born.set(next.key, sent.case);
        await this.remove(next);
      } else if (sent.is === 'refused') {
        const marked = { ...next, refused: sent.why };
        await this.shelf.put(marked);
        this.entries.value = this.entries.value.map((one) => (one.key === next.key ? marked : one));
      } else {
        held.add(next.line);
      }
    }
  }

  private async remove(entry: Entry): Promise<void> {
    const born = this.born.get(entry.key);
    // What waits for this finding must find its case even after the page was closed.
    if (born) {
      const told = this.entries.value.map((one) =>
        one.line === entry.key && (one.what.kind === 'photo' || one.what.kind === 'act')
          ? { ...one, what: { ...one.what, case: born } }
          : one,
      );
      for (const one of told.filter((one) => one.line === entry.key && one.key !== entry.key))
        await this.shelf.put(one);
      this.entries.value = told;
    }
    await this.shelf.drop(entry.key);
    this.entries.value = this.entries.value.filter((one) => one.key !== entry.key);
  }
}
