/** Cases that somebody keeps on this phone because they asked to: number and code, nothing of who they are. */
import { kept } from '@core/kept';

export interface Kept {
  number: string;
  code: string;
  /** First words of what was told. */
  about: string;
}

const MOST = 50;
export const mine = kept<Kept[]>('mine', []);

export function keep(one: Kept): void {
  mine.value = [one, ...mine.value.filter((other) => other.number !== one.number)].slice(0, MOST);
}
export function forget(number: string): void {
  mine.value = mine.value.filter((one) => one.number !== number);
}
export const codeOf = (number: string) => mine.value.find((one) => one.number === number)?.code;
