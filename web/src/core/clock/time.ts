/**
 * Time as the server has it. A browser's clock may be wrong by minutes, so every answer that tells the server's time
 * corrects an offset, and all clocks are read against it. Nothing here may decide that a clock is met or breached: the
 * server does; here is only how far it is.
 */

import { ref } from 'vue';
import { common, language } from '../text';

/** Milliseconds since the epoch, by the server's clock; moves once a second while the page is seen. */
export const now = ref(Date.now());

let offset = 0;

/** Takes the server's time from an answer that just came. */
export function heard(serverTime: string): void {
  const at = Date.parse(serverTime);
  if (Number.isNaN(at)) return;
  offset = at - Date.now();
  now.value = at;
}

/** Keeps `now` moving. */
export function startTime(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now() + offset;
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    now.value = Date.now() + offset;
  });
}

/** A span of milliseconds in words, its two largest parts: `3 小时 20 分钟`. Below a minute: seconds. */
export function span(ms: number): string {
  const words = common.value.span;
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return words.seconds(s);
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return words.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(words.hours(hours), minutes % 60 ? words.minutes(minutes % 60) : '');
  return join(words.days(Math.floor(hours / 24)), hours % 24 ? words.hours(hours % 24) : '');
}

const join = (a: string, b: string) => (b ? `${a} ${b}` : a);

/** Time zone of the pages; the policy's once it is known. */
let zone = 'Asia/Shanghai';
export function useZone(name: string): void {
  zone = name;
}

/** A moment in the policy's time zone: today's as `14:05`, this year's as `11-23 14:05`, others with the year. */
export function moment(at: string | number, whole = false): string {
  const there = parts(typeof at === 'number' ? at : Date.parse(at));
  const here = parts(now.value);
  const clock = `${there.hour}:${there.minute}`;
  if (!whole && there.year === here.year && there.month === here.month && there.day === here.day) {
    return language.value === 'zh' ? `今天 ${clock}` : `today ${clock}`;
  }
  const day = `${there.month}-${there.day}`;
  return there.year === here.year && !whole ? `${day} ${clock}` : `${there.year}-${day} ${clock}`;
}

function parts(at: number): Record<'year' | 'month' | 'day' | 'hour' | 'minute', string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const found = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
  const of = (name: string) => found[name] ?? '';
  return { year: of('year'), month: of('month'), day: of('day'), hour: of('hour'), minute: of('minute') };
}

/** When the day of this moment began in the policy's time zone, milliseconds. Zones that change their hour are met too. */
export function startOfDay(at: number): number {
  const { hour, minute } = parts(at);
  const guess = at - (at % 60_000) - (Number(hour) * 60 + Number(minute)) * 60_000;
  // Where the clock was changed since midnight, the guess is an hour off.
  const there = parts(guess);
  if (there.hour === '00') return guess - Number(there.minute) * 60_000;
  return Number(there.hour) > 12 ? guess + 3_600_000 : guess - Number(there.hour) * 3_600_000;
}

/** The day of a moment: `11-23 周一`. */
export function dayOf(at: number): string {
  const { month, day } = parts(at);
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB';
  const weekday = new Intl.DateTimeFormat(locale, { timeZone: zone, weekday: 'short' }).format(at);
  return `${month}-${day} ${weekday}`;
}

/** The date of a moment in the policy's time zone: `2026-11-23`. */
export function day(at: number): string {
  const there = parts(at);
  return `${there.year}-${there.month}-${there.day}`;
}

/** The time of day of a moment: `08:30`. */
export function timeOf(at: string): string {
  const { hour, minute } = parts(Date.parse(at));
  return `${hour}:${minute}`;
}

/** A moment as a `datetime-local` field has it, in the policy's time zone. */
export function forInput(at: number): string {
  const { year, month, day, hour, minute } = parts(at);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The moment that such a field means. */
export function fromInput(text: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return text;
  const wanted = Date.parse(`${text}:00Z`);
  // What the zone shows at a guess tells how far off the guess is; twice, for a guess on the other side of a change.
  let at = wanted;
  for (let round = 0; round < 2; round += 1) at += wanted - Date.parse(`${forInput(at)}:00Z`);
  return new Date(at).toISOString();
}
