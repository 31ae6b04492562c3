/** One piece of work at a time that a page waits for: whether it runs, and what went wrong, in words. */
import { ref } from 'vue';
import { told } from './api';

/** What is asked before something that cannot be undone. */
export interface Question {
  /** What it is, as the button says it. */
  title: string;
  /** What will be then. */
  text: string;
  work: () => Promise<unknown>;
}

export function useWork() {
  const busy = ref(false);
  const fault = ref('');
  async function run(work: () => Promise<unknown>): Promise<void> {
    [busy.value, fault.value] = [true, ''];
    try {
      await work();
    } catch (why) {
      fault.value = told(why);
    } finally {
      busy.value = false;
    }
  }
  return { busy, fault, run };
}
