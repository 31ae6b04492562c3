/** Short messages at the foot of the page: what was done, with a way to undo where there is one. */
import { reactive } from 'vue';

export interface Toast {
  id: number;
  text: string;
  tone: 'good' | 'bad' | 'plain';
  act?: { label: string; run: () => void };
}

export const toasts = reactive<Toast[]>([]);
let last = 0;

/** Shows a message for some seconds; a bad one stays until it is closed. */
export function toast(text: string, tone: Toast['tone'] = 'plain', act?: Toast['act'], ms = 6000): void {
  last += 1;
  const id = last;
  toasts.push({ id, text, tone, ...(act ? { act } : {}) });
  if (tone !== 'bad') setTimeout(() => dismiss(id), ms);
}

export function dismiss(id: number): void {
  const at = toasts.findIndex((one) => one.id === id);
  if (at >= 0) toasts.splice(at, 1);
}
