/** What an event says, in words: a line and, where somebody wrote something, their text. */
import type { TimelineEntry } from '@core/api';
import { length } from '@core/clock/clock';
import { moment, span } from '@core/clock/time';
import { common, named } from '@core/text';
import type { World } from '@core/world';
import { t } from '../text';

export interface Said {
  title: string;
  text: string;
  /** Whether it is of a clock: shown on demand. */
  clock: boolean;
  tone: 'plain' | 'good' | 'warn' | 'bad';
}

export function happened(entry: TimelineEntry, world: World): Said {
  const event = entry.event;
  const words = t.value.case;
  const title = common.value.event[event.type];
  const say = (text = '', more = '', tone: Said['tone'] = 'plain'): Said => ({
    title: more ? `${title}：${more}` : title,
    text,
    clock: false,
    tone,
  });
  const join = (...parts: string[]) => parts.filter(Boolean).join(' · ');
  switch (event.type) {
    case 'registered':
      return say('', join(world.channel(event.channel), world.unit(event.first_receiver)));
    case 'classified':
      return say(
        event.note,
        join(
          world.class(event.class),
          world.category(event.category),
          ...event.marks.map((mark) => common.value.mark[mark]),
        ),
      );
    case 'corrected':
      return say(join(event.title ?? '', event.text ?? '', event.place?.address ?? ''));
    case 'dispatched': {
      const co = event.co_units.map((unit) => world.unit(unit)).join('、');
      return say(event.because, join(world.unit(event.lead), co && words.withCo(co)));
    }
    case 'accepted':
      return say('', event.handler ? world.person(event.handler) : '');
    case 'returned':
      return say(
        event.explained,
        join(
          named(world.policy.returns.reasons[event.reason], event.reason),
          event.suggested ? world.unit(event.suggested) : '',
        ),
        'warn',
      );
    case 'return_decided':
      return say(event.note, event.upheld ? words.upheld : words.rejected);
    case 'contact_tried':
      return say(event.note, event.reached ? words.reached : words.notReached);
    case 'unreachable':
      return say();
    case 'verified':
      return say(event.finding);
    case 'noted':
      return say(event.text, event.public ? words.public : '');
    case 'attached':
      return say('', join(words[event.kind], event.name));
    case 'team_assigned':
      return say(
        '',
        Object.values(event.team)
          .flat()
          .map((person) => world.person(person))
          .join('、'),
      );
    case 'extension_requested':
      return say(
        '',
        join(
          world.clock(event.clock.split('.')[0] ?? ''),
          length(event.length),
          named(world.policy.extensions.reasons[event.reason], event.reason),
        ),
      );
    case 'extension_decided':
      return say(event.note, event.granted ? words.granted : words.refused);
    case 'escalated':
      return say(event.reason, world.person(event.official), 'warn');
    case 'official_acted':
      return say([...Object.values(event.duties), ...Object.values(event.questions)].join('；'));
    case 'whistle_blown':
      return say(
        event.matter,
        Object.keys(event.called)
          .map((unit) => world.unit(unit))
          .join('、'),
        'warn',
      );
    case 'reported_in':
      return say(event.action, world.unit(event.unit));
    case 'whistle_settled':
      return say(event.note, named(world.policy.whistle.outcomes[event.outcome], event.outcome));
    case 'routed':
      return say('', named(world.policy.studios[event.studio]?.name, event.studio));
    case 'rechecked':
      return say(event.note, event.fine ? words.fine : words.notFine, event.fine ? 'good' : 'warn');
    case 'session_held': {
      const next = event.next_at ? t.value.mediation.next(moment(event.next_at)) : '';
      return say(event.told, join(t.value.mediation.outcomes[event.outcome], next));
    }
    case 'agreement_signed':
      return say(
        event.terms
          .map((term) => `${term.number}. ${term.party} · ${term.text} · ${t.value.mediation.by(term.due)}`)
          .join('；'),
        '',
        'good',
      );
    case 'term_ended':
      return say(
        event.note,
        join(String(event.term), event.kept ? t.value.mediation.kept : t.value.mediation.broken),
        event.kept ? 'good' : 'warn',
      );
    case 'finished':
      return say(event.outcome, '', 'good');
    case 'opinion_filed':
      return say();
    case 'sampled':
      return say(words.sampledWhy, `${Math.round(event.share * 100)}%`);
    case 'form_filed':
      return say('', named(world.policy.forms[event.form]?.name, event.form));
    case 'follow_up_tried':
      return say('', event.counts ? '' : words.tooSoon);
    case 'excluded':
      return say(
        event.note,
        event.reason ? named(world.policy.assessment.exclude_reasons[event.reason], event.reason) : words.assessedAgain,
        'warn',
      );
    case 'answered':
    case 'followed_up': {
      const of = (is: boolean | null | undefined, yes: string, no: string) => (is == null ? '' : is ? yes : no);
      return say(
        join(
          event.type === 'answered' ? (event.comment ?? '') : '',
          ...because(event.unsolved_because, world.policy.follow_up.unsolved_reasons),
          ...because(event.unsatisfied_because, world.policy.follow_up.unsatisfied_reasons),
        ),
        join(
          event.type === 'answered' ? '' : event.reached ? words.reached : words.notReached,
          of(event.responded, words.responded, words.unresponded),
          of(event.solved, words.solved, words.unsolved),
          of(event.satisfied, words.satisfied, words.unsatisfied),
        ),
        event.satisfied === false ? 'bad' : 'plain',
      );
    }
    case 'rated':
      return say(event.comment, words.grade(event.grade), event.bad ? 'bad' : event.satisfied ? 'good' : 'plain');
    case 'disputed':
      return say(event.reason, '', 'bad');
    case 'appealed':
      return say(event.reason);
    case 'appeal_decided':
      return say(
        event.note,
        join(event.upheld ? words.upheld : words.rejected, event.grade ? words.gradeAfter(event.grade) : ''),
      );
    case 'reopened':
      return say(event.reason, '', 'warn');
    case 'marked_repeat':
    case 'linked':
      return say();
    case 'handed_upstream':
      return say(event.reason, event.upstream_number ?? '');
    case 'declined':
      return say(event.explanation, named(world.policy.closing.decline_reasons[event.reason], event.reason));
    case 'identity_revealed':
      return say(event.reason, '', 'warn');
    case 'closed':
      return say(event.note, '', 'good');
    case 'clock':
      return {
        title: clock(event, world),
        text: '',
        clock: true,
        tone: event.clock_event === 'breached' ? 'bad' : event.clock_event === 'warned' ? 'warn' : 'plain',
      };
  }
}

/** Reasons of a 'no', by name. */
export function because(codes: string[] | undefined, names: Record<string, { zh: string; en: string }>): string[] {
  return (codes ?? []).map((code) => named(names[code], code));
}

type ClockEvent = Extract<TimelineEntry['event'], { type: 'clock' }>;

function clock(event: ClockEvent, world: World): string {
  const words = common.value.clock;
  const rule = world.clock(event.key.split('.')[0] ?? event.key);
  switch (event.clock_event) {
    case 'started':
      return words.started(rule, length(event.length));
    case 'warned':
      return words.warned(rule);
    case 'met':
      return words.metEvent(rule);
    case 'breached':
      return words.breached(rule, event.level);
    case 'stopped_late':
      return words.stoppedLate(rule, span(event.late_s * 1000));
    case 'cancelled':
      return words.cancelledEvent(rule);
    case 'recomputed':
      return words.recomputed(rule, moment(event.due_at));
  }
}
