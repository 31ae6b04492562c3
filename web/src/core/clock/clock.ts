/** A clock 时限 as people read it: how it stands, how far it is, which rule set it. */
import type { Clock, Length } from '../api';
import { common } from '../text';
import { moment, span } from './time';

export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'plain';

export interface Reading {
  tone: Tone;
  /** E.g. `剩余 12 分钟`. */
  text: string;
}

/** How a clock reads at `at` (milliseconds, server's time). A running one turns to a warning in its last quarter. */
export function reading(clock: Clock, at: number): Reading {
  const words = common.value.clock;
  const due = Date.parse(clock.due_at);
  const standing = clock.standing;
  switch (standing.is) {
    case 'met':
      return { tone: 'good', text: words.met };
    case 'cancelled':
      return { tone: 'plain', text: words.cancelled };
    case 'breached':
      return standing.stopped_at
        ? { tone: 'bad', text: words.metLate(span(Date.parse(standing.stopped_at) - due)) }
        : { tone: 'bad', text: words.late(span(at - due)) };
    case 'running': {
      const left = due - at;
      if (left < 0) return { tone: 'bad', text: words.late(span(-left)) };
      const short = left * 4 < due - Date.parse(clock.started_at);
      return { tone: short ? 'warn' : 'calm', text: words.left(span(left)) };
    }
  }
}

/** Whether it still waits for its act. */
export function waits(clock: Clock): boolean {
  return clock.standing.is === 'running' || (clock.standing.is === 'breached' && !clock.standing.stopped_at);
}

/** A length of the policy in words. */
export function length(of: Length): string {
  if ('minutes' in of) return span(of.minutes * 60_000);
  return 'until' in of ? common.value.span.until(of.until.day) : common.value.span.workingDays(of.working_days);
}

/** Which rule set it, when it started, when it is due, what was granted. */
export function explained(clock: Clock, rule: string): string {
  const words = common.value.clock;
  const granted = (clock.granted ?? []).map((more) => words.granted(length(more)));
  const parts = [words.rule(rule, length(clock.length), moment(clock.started_at), moment(clock.due_at)), ...granted];
  if (!clock.certain) parts.push(words.uncertain);
  return parts.join(' · ');
}
