/** Small things that a browser keeps for its user: drafts, looks, choices. Never tokens, never a reporter's identity. */
import { customRef, type Ref } from 'vue';

/** A value under a name; `fallback` where there is none or it cannot be read. Where a browser keeps nothing, it lives as long as the page. */
export function kept<T>(name: string, fallback: T): Ref<T> {
  const key = `jiban.${name}`;
  let value = read<T>(key) ?? fallback;
  return customRef<T>((track, trigger) => ({
    get() {
      track();
      return value;
    },
    set(next) {
      value = next;
      try {
        if (next === undefined || next === null) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // A full or forbidden store: the page still has it.
      }
      trigger();
    },
  }));
}

function read<T>(key: string): T | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
