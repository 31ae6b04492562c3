/**
 * What each act asks for, as a table: one form serves them all. The fields are those of the server's commands; what may
 * be chosen comes from policy, organisation and the case. Who may act is the server's to say; `fits` says only whether
 * an act makes sense in the case's state, so that it is offered in its place.
 */
import type { Case, Clock, Length } from '@core/api';
import { waits } from '@core/clock/clock';
import { forInput, fromInput, now } from '@core/clock/time';
import type { Doable } from '@core/perform';
import { common, named } from '@core/text';
import type { World } from '@core/world';
import { t } from '../text';

export interface Option {
  value: string;
  label: string;
  group?: string;
}

interface Base {
  key: string;
  label: string;
  needed?: boolean;
  hint?: string;
}
/** How one value is asked for. */
export type Field = Base &
  (
    | { kind: 'text'; max: number }
    | { kind: 'line'; max: number }
    | { kind: 'date' }
    | { kind: 'moment' }
    | { kind: 'number'; max: number }
    | { kind: 'check' }
    /** Yes, no; with `open` also 'no answer'. */
    | { kind: 'yesno'; open?: boolean }
    | { kind: 'one'; options: Option[] }
    | { kind: 'many'; options: Option[] }
    | { kind: 'length' }
    /** A case, by its number. */
    | { kind: 'case' }
  );

export type Values = Record<string, string | string[] | boolean | null>;

export interface ActForm {
  fields: Field[];
  values: Values;
  /** The command's body. */
  body: (values: Values) => object;
}

const text = (value: Values[string] | undefined) => (typeof value === 'string' ? value.trim() : '');
const orNull = (value: Values[string] | undefined) => text(value) || null;
const list = (value: Values[string] | undefined) => (Array.isArray(value) ? value : []);
const NOTE = 4000;

/** Whether an act makes sense now. */
export function fits(act: Doable, it: Case): boolean {
  const open = it.state !== 'closed' && it.state !== 'declined' && it.state !== 'upstream';
  const held = it.state === 'dispatched' || it.state === 'handling';
  const ended = it.state === 'finished' || it.state === 'closed';
  switch (act) {
    case 'classify':
    case 'correct':
    case 'note':
    case 'reveal_identity':
      return open;
    case 'exclude':
      return true;
    case 'file_form':
      return it.state === 'handling' || it.state === 'finished';
    case 'dispatch':
    case 'decline':
      return it.state === 'registered';
    case 'settle':
      return it.state === 'registered' && it.origin === 'inspection';
    case 'accept':
      return it.state === 'dispatched';
    case 'return':
      return held && !it.returns.some((one) => one.upheld == null);
    case 'decide_return':
      return it.returns.some((one) => one.upheld == null);
    case 'contact':
    case 'verify':
    case 'assign_team':
    case 'escalate':
    case 'blow_whistle':
    case 'route_to':
    case 'hand_upstream':
      return held;
    case 'hold_session':
      return it.route != null && (it.state === 'handling' || it.state === 'finished');
    case 'sign_agreement':
      return it.route?.route === 'mediation' && (it.state === 'handling' || it.state === 'finished');
    case 'end_term':
      return openTerms(it).length > 0;
    case 'finish':
      return it.state === 'handling';
    case 'request_extension':
      return open && it.clocks.some(running);
    case 'decide_extension':
      return it.extensions.some((one) => one.granted == null);
    case 'official_act':
      return it.escalation != null && open;
    case 'report_in':
      return it.whistles.some((one) => one.outcome == null && Object.values(one.called).some((done) => done == null));
    case 'settle_whistle':
      return it.whistles.some((one) => one.outcome == null);
    case 'recheck':
      return awaitsRecheck(it);
    case 'file_opinion':
    case 'follow_up':
    case 'close':
      return it.state === 'finished';
    case 'appeal':
      return it.ratings.some((one) => one.bad);
    case 'decide_appeal':
      return it.appeals.some((one) => one.upheld == null);
    case 'reopen':
      return ended;
    case 'mark_repeat':
    case 'link':
      return true;
  }
}

/** Whether what a round found waits to be looked at again. */
export const awaitsRecheck = (it: Case) =>
  it.state === 'finished' && it.clocks.some((clock) => clock.rule === 'recheck' && waits(clock));

/** Terms of agreements that are still to be kept. */
export const openTerms = (it: Case) =>
  (it.agreements ?? []).flatMap((agreement) => agreement.terms).filter((term) => term.kept == null);

const running = (clock: Clock) => clock.standing.is === 'running';

/** The acts that come first in a state: what the case waits for. */
export function firstActs(it: Case): Doable[] {
  const waiting: Doable[] = ['decide_return', 'decide_extension', 'decide_appeal', 'report_in'];
  const byState: Partial<Record<Case['state'], Doable[]>> = {
    registered: it.class ? ['dispatch', 'classify', 'decline'] : ['classify', 'dispatch', 'decline'],
    dispatched: ['accept', 'return', 'contact'],
    handling: ['contact', 'verify', 'finish'],
    finished: [...(awaitsRecheck(it) ? (['recheck'] as const) : []), 'file_opinion', 'follow_up', 'close'],
    closed: ['reopen'],
  };
  return [...waiting.filter((act) => fits(act, it)), ...(byState[it.state] ?? []), 'note'];
}

/** Forms that are filed by an act of their own. */
const OWN_FORMS = ['opinion', 'follow_up'];

/** The form of an act; `chosen`: which form of the policy is to be filed, where that is asked. */
export function actForm(act: Doable, it: Case, world: World, chosen = ''): ActForm {
  const words = t.value.field;
  const policy = world.policy;
  const fields: Field[] = [];
  const values: Values = {};
  const form = (body: ActForm['body']): ActForm => ({ fields, values, body });
  const field = (one: Field, value: Values[string] = one.kind === 'many' ? [] : one.kind === 'check' ? false : '') => {
    fields.push(one);
    values[one.key] = value;
  };
  const note = (key: string, label: string, needed = false, hint?: string) =>
    field({ key, label, kind: 'text', max: NOTE, needed, ...(hint ? { hint } : {}) });
  const one = (key: string, label: string, options: Option[], needed = false, value = '', hint?: string) =>
    field({ key, label, kind: 'one', options, needed, ...(hint ? { hint } : {}) }, value);
  const reasons = (of: Record<string, { zh: string; en: string }>): Option[] =>
    Object.entries(of).map(([value, name]) => ({ value, label: named(name) }));
  const units = (...kinds: Parameters<World['ofKind']>): Option[] =>
    world
      .ofKind(...kinds)
      .map((unit) => ({ value: unit.id, label: named(unit.name), group: common.value.unitKind[unit.kind] }));
  const handling = () => units('office', 'enforcement', 'community', 'grid', 'bureau', 'liaison');
  const people = (wanted: (person: { posts: { unit: string; role: string }[] }) => boolean): Option[] =>
    [...world.people.values()]
      .filter((person) => person.active && wanted(person))
      .map((person) => ({ value: person.id, label: person.name, group: world.unit(person.posts[0]?.unit) }));

  switch (act) {
    case 'classify': {
      one(
        'class',
        words.class,
        policy.classes.map((found) => ({ value: found.id, label: named(found.name) })),
        true,
        it.class ?? it.proposal?.class ?? '',
      );
      one('category', words.category, categories(world), false, it.category ?? it.proposal?.category ?? '');
      const marks = (['complex', 'stubborn', 'state_rated'] as const).map((mark) => ({
        value: mark,
        label: common.value.mark[mark],
      }));
      field({ key: 'marks', label: words.marks, kind: 'many', options: marks }, [...it.marks]);
      note('note', words.note);
      return form((v) => ({
        class: text(v.class),
        category: orNull(v.category),
        marks: list(v.marks),
        note: text(v.note),
      }));
    }
    case 'correct':
      field({ key: 'title', label: words.title, kind: 'line', max: 120 }, it.title);
      field({ key: 'text', label: words.text, kind: 'text', max: 20_000 }, it.text);
      field({ key: 'address', label: words.address, kind: 'line', max: 200 }, it.place.address ?? '');
      one('complained_about', words.complained, handling(), false, it.complained_about ?? '');
      return form((v) => ({
        // Only what was changed: an unchanged text is no correction.
        ...(text(v.title) !== it.title ? { title: text(v.title) } : {}),
        ...(text(v.text) !== it.text ? { text: text(v.text) } : {}),
        ...(text(v.address) !== (it.place.address ?? '') ? { place: { ...it.place, address: text(v.address) } } : {}),
        ...(orNull(v.complained_about) !== (it.complained_about ?? null)
          ? { complained_about: orNull(v.complained_about) }
          : {}),
      }));
    case 'dispatch':
      one('lead', words.lead, handling(), false, '', words.leadHint);
      field({ key: 'co_units', label: words.co, kind: 'many', options: handling() });
      note('note', words.note);
      return form((v) => ({ lead: orNull(v.lead), co_units: list(v.co_units), note: text(v.note) }));
    case 'settle':
      note('outcome', words.outcome, true);
      one('category', words.category, categories(world), false, it.category ?? it.proposal?.category ?? '');
      return form((v) => ({ outcome: text(v.outcome), category: orNull(v.category) }));
    case 'accept':
      one(
        'handler',
        words.handler,
        people((person) => person.posts.some((post) => post.unit === it.lead)),
        false,
        '',
        words.handlerHint,
      );
      return form((v) => ({ handler: orNull(v.handler) }));
    case 'return':
      one('reason', words.reason, reasons(policy.returns.reasons), true);
      note('explained', words.explained, true);
      one('suggested', words.suggested, handling());
      return form((v) => ({ reason: text(v.reason), explained: text(v.explained), suggested: orNull(v.suggested) }));
    case 'decide_return': {
      const waiting = it.returns.find((found) => found.upheld == null);
      field({ key: 'upheld', label: words.upheld, kind: 'yesno', needed: true });
      one('lead', words.newLead, handling(), false, waiting?.suggested ?? '');
      note('note', words.note, true);
      return form((v) => ({
        id: waiting?.id,
        upheld: v.upheld === 'yes',
        lead: v.upheld === 'yes' ? orNull(v.lead) : null,
        note: text(v.note),
      }));
    }
    case 'contact':
      field({ key: 'reached', label: words.reached, kind: 'yesno', needed: true });
      note('note', words.said);
      return form((v) => ({ reached: v.reached === 'yes', note: text(v.note) }));
    case 'verify':
      note('finding', words.finding, true);
      return form((v) => ({ finding: text(v.finding) }));
    case 'note':
      note('text', words.text, true);
      field({ key: 'public', label: words.public, kind: 'check' });
      return form((v) => ({ text: text(v.text), public: v.public === true }));
    case 'assign_team':
      for (const seat of policy.team) {
        const fit = people(() => true);
        // Where the case has no team yet, that of its grid is offered.
        const from = Object.keys(it.team).length ? it.team : world.units.get(it.place.grid ?? '')?.team;
        field({ key: seat.id, label: named(seat.name), kind: 'many', options: fit, needed: seat.min > 0 }, [
          ...(from?.[seat.id] ?? []),
        ]);
      }
      return form((v) => ({
        team: Object.fromEntries(
          policy.team.map((seat) => [seat.id, list(v[seat.id])]).filter(([, who]) => (who ?? []).length),
        ),
      }));
    case 'request_extension': {
      const clocks = it.clocks.filter((clock) => running(clock) && policy.clocks[clock.rule]?.extendable);
      const options = clocks.map((clock) => ({ value: clock.key, label: world.clock(clock.rule) }));
      one('clock', words.clock, options, true, options[0]?.value ?? '', options.length ? undefined : words.noClock);
      field({ key: 'length', label: words.length, kind: 'length', needed: true }, ['hours', '24']);
      one('reason', words.reason, reasons(policy.extensions.reasons), true);
      return form((v) => ({ clock: text(v.clock), length: lengthOf(v.length), reason: text(v.reason) }));
    }
    case 'decide_extension': {
      const waiting = it.extensions.find((found) => found.granted == null);
      field({ key: 'granted', label: words.granted, kind: 'yesno', needed: true });
      note('note', words.note, true);
      return form((v) => ({ id: waiting?.id, granted: v.granted === 'yes', note: text(v.note) }));
    }
    case 'escalate':
      one(
        'official',
        words.official,
        people((person) => person.posts.some((post) => post.role === 'leader')),
        true,
      );
      note('reason', words.reason, true);
      return form((v) => ({ official: text(v.official), reason: text(v.reason) }));
    case 'official_act':
      for (const [index, duty] of policy.escalation.duties.entries()) {
        const note = it.escalation?.duties[String(index)] ?? '';
        field({ key: `d${index}`, label: named(duty), kind: 'line', max: NOTE }, note);
      }
      for (const [index, question] of policy.escalation.questions.entries()) {
        const note = it.escalation?.questions[String(index)] ?? '';
        field({ key: `q${index}`, label: named(question), kind: 'line', max: NOTE }, note);
      }
      return form((v) => ({ duties: indexed(v, 'd'), questions: indexed(v, 'q') }));
    case 'blow_whistle':
      field({
        key: 'units',
        label: words.units,
        kind: 'many',
        options: units('office', 'enforcement', 'bureau'),
        needed: true,
      });
      note('matter', words.matter, true);
      return form((v) => ({ caller: null, units: list(v.units), matter: text(v.matter) }));
    case 'report_in': {
      const open = it.whistles.filter((found) => found.outcome == null);
      const called = open.flatMap((found) =>
        Object.entries(found.called)
          .filter(([, done]) => done == null)
          .map(([unit]) => ({
            value: `${found.id} ${unit}`,
            label: world.unit(unit),
            group: t.value.case.whistle(found.number, world.unit(found.caller)),
          })),
      );
      one('call', words.unit, called, true, called[0]?.value ?? '');
      note('action', words.action, true);
      return form((v) => ({
        whistle: text(v.call).split(' ')[0],
        unit: text(v.call).split(' ')[1],
        action: text(v.action),
      }));
    }
    case 'settle_whistle': {
      const open = it.whistles.filter((found) => found.outcome == null);
      one(
        'whistle',
        words.whistle,
        open.map((found) => ({ value: found.id, label: t.value.case.whistle(found.number, world.unit(found.caller)) })),
        true,
        open[0]?.id ?? '',
      );
      one('outcome', words.settle, reasons(policy.whistle.outcomes), true);
      note('note', words.note, true);
      return form((v) => ({ whistle: text(v.whistle), outcome: text(v.outcome), note: text(v.note) }));
    }
    case 'route_to':
      one(
        'studio',
        words.studio,
        Object.entries(policy.studios).map(([value, studio]) => ({ value, label: named(studio.name) })),
        true,
      );
      return form((v) => ({ studio: text(v.studio) }));
    case 'recheck':
      field({ key: 'fine', label: words.fine, kind: 'yesno', needed: true, hint: words.fineHint });
      note('note', words.seen, true);
      return form((v) => ({ fine: v.fine === 'yes', note: text(v.note) }));
    case 'hold_session': {
      field({ key: 'held_at', label: words.heldAt, kind: 'moment', needed: true }, forInput(now.value));
      field({ key: 'present', label: words.present, kind: 'line', max: 500, needed: true });
      note('told', words.told, true);
      const outcomes = Object.entries(t.value.mediation.outcomes).map(([value, label]) => ({ value, label }));
      one('outcome', words.sessionOutcome, outcomes, true);
      field({ key: 'next_at', label: words.nextAt, kind: 'moment' });
      return form((v) => ({
        held_at: fromInput(text(v.held_at)),
        present: text(v.present),
        told: text(v.told),
        outcome: text(v.outcome),
        ...(text(v.next_at) ? { next_at: fromInput(text(v.next_at)) } : {}),
      }));
    }
    case 'sign_agreement':
      // Terms and signatures have a dialog of their own.
      return form(() => ({}));
    case 'end_term': {
      const terms = openTerms(it).map((term) => ({
        value: String(term.number),
        label: `${term.number}. ${term.party} · ${term.text} · ${t.value.mediation.by(term.due)}`,
      }));
      one('term', words.term, terms, true, terms.length === 1 ? (terms[0]?.value ?? '') : '');
      field({ key: 'kept', label: words.kept, kind: 'yesno', needed: true });
      note('note', words.keptNote, true);
      return form((v) => ({ term: Number(v.term), kept: v.kept === 'yes', note: text(v.note) }));
    }
    case 'finish':
      note('outcome', words.outcome, true);
      return form((v) => ({ outcome: text(v.outcome) }));
    case 'file_form':
    case 'file_opinion':
    case 'follow_up': {
      const others = Object.entries(policy.forms).filter(([id]) => !OWN_FORMS.includes(id));
      const which =
        act === 'file_form' ? chosen || (others[0]?.[0] ?? '') : act === 'follow_up' ? 'follow_up' : 'opinion';
      const policyForm = policy.forms[which];
      if (act === 'file_form') {
        const options = others.map(([value, found]) => ({ value, label: named(found.name) }));
        one('#form', words.form, options, true, which);
      }
      if (act === 'follow_up') {
        field({ key: '#reached', label: words.reached, kind: 'yesno', needed: true });
        field({ key: '#responded', label: words.answered, kind: 'yesno', open: true });
        field({ key: '#solved', label: words.solved, kind: 'yesno', open: true });
        field({ key: '#satisfied', label: words.satisfied, kind: 'yesno', open: true });
        for (const [key, label, of] of [
          ['#unsolved_because', words.unsolvedBecause, policy.follow_up.unsolved_reasons],
          ['#unsatisfied_because', words.unsatisfiedBecause, policy.follow_up.unsatisfied_reasons],
        ] as const) {
          const options = reasons(of);
          if (options.length) field({ key, label, kind: 'many', options, hint: words.becauseHint });
        }
      }
      for (const asked of policyForm?.fields ?? []) {
        const base = { key: asked.id, label: named(asked.name), needed: asked.required };
        const max = asked.max_chars;
        if (asked.kind === 'date') field({ ...base, kind: 'date' });
        else if (asked.kind === 'yes_no') field({ ...base, kind: 'one', options: yesNo() });
        else if (typeof asked.kind === 'object') field({ ...base, kind: 'one', options: reasons(asked.kind.choice) });
        else if (max > 200) field({ ...base, kind: 'text', max });
        else field({ ...base, kind: 'line', max });
      }
      const filed = (v: Values) =>
        Object.fromEntries(
          (policyForm?.fields ?? []).map((asked) => [asked.id, text(v[asked.id])]).filter(([, said]) => said),
        );
      const said = (value: Values[string] | undefined) => (value === 'yes' ? true : value === 'no' ? false : null);
      if (act === 'file_opinion') return form((v) => ({ values: filed(v) }));
      if (act === 'file_form') return form((v) => ({ form: which, values: filed(v) }));
      const why = (v: Values, answer: string, key: string) => (v[answer] === 'no' ? list(v[key]) : []);
      return form((v) => ({
        values: filed(v),
        reached: v['#reached'] === 'yes',
        responded: said(v['#responded']),
        solved: said(v['#solved']),
        satisfied: said(v['#satisfied']),
        unsolved_because: why(v, '#solved', '#unsolved_because'),
        unsatisfied_because: why(v, '#satisfied', '#unsatisfied_because'),
      }));
    }
    case 'appeal': {
      note('reason', words.reason, true);
      const shown = it.attachments.filter((file) => file.kind !== 'signature');
      const files = shown.map((file) => ({
        value: file.id,
        label: `${t.value.case[file.kind]} · ${file.name}`,
      }));
      if (files.length) field({ key: 'evidence', label: words.evidence, kind: 'many', options: files });
      return form((v) => ({ reason: text(v.reason), evidence: list(v.evidence) }));
    }
    case 'decide_appeal': {
      const waiting = it.appeals.find((found) => found.upheld == null);
      field({ key: 'upheld', label: words.appealUpheld, kind: 'yesno', needed: true });
      const grades = Array.from({ length: policy.closing.grades }, (_, index) => ({
        value: String(index + 1),
        label: t.value.case.grade(index + 1),
      }));
      one('grade', words.appealGrade, grades);
      note('note', words.note, true);
      return form((v) => ({
        id: waiting?.id,
        upheld: v.upheld === 'yes',
        grade: v.upheld === 'yes' && text(v.grade) ? Number(v.grade) : null,
        note: text(v.note),
      }));
    }
    case 'reopen':
      note('reason', words.reason, true);
      return form((v) => ({ reason: text(v.reason) }));
    case 'mark_repeat':
      field({ key: 'of', label: words.of, kind: 'case', needed: true });
      return form((v) => ({ of: text(v.of) }));
    case 'link':
      field({ key: 'to', label: words.to, kind: 'case', needed: true });
      return form((v) => ({ to: text(v.to) }));
    case 'hand_upstream':
      field({ key: 'upstream_number', label: words.upstreamNumber, kind: 'line', max: 64 }, it.upstream_number ?? '');
      note('reason', words.reason, true);
      return form((v) => ({ upstream_number: orNull(v.upstream_number), reason: text(v.reason) }));
    case 'decline':
      one('reason', words.reason, reasons(policy.closing.decline_reasons), true);
      note('explanation', words.explanation, true);
      return form((v) => ({ reason: text(v.reason), explanation: text(v.explanation) }));
    case 'exclude':
      one(
        'reason',
        words.excludeReason,
        reasons(policy.assessment.exclude_reasons),
        it.excluded == null,
        '',
        it.excluded == null ? undefined : words.excludeAgain,
      );
      note('note', words.note, true);
      return form((v) => ({ reason: orNull(v.reason), note: text(v.note) }));
    case 'reveal_identity':
      note('reason', words.purpose, true, words.purposeHint);
      return form((v) => ({ reason: text(v.reason) }));
    case 'close':
      note('note', words.closing);
      return form((v) => ({ note: text(v.note) }));
  }
}

const yesNo = (): Option[] => [
  { value: 'true', label: common.value.yes },
  { value: 'false', label: common.value.no },
];

/** Categories to choose from: leaves under their branch. */
export function categories(world: World): Option[] {
  const all = Object.entries(world.policy.categories);
  return all
    .filter(([, found]) => found.parent)
    .map(([value, found]) => ({
      value,
      label: named(found.name),
      group: named(world.policy.categories[found.parent ?? '']?.name),
    }));
}

function lengthOf(value: Values[string] | undefined): Length {
  const [unit, amount] = Array.isArray(value) ? value : ['hours', '0'];
  const count = Math.round(Number(amount));
  return unit === 'days' ? { working_days: count } : { minutes: count * 60 };
}

function indexed(values: Values, lead: string): Record<string, string> {
  const pairs = Object.entries(values).filter(([key, value]) => new RegExp(`^${lead}\\d+$`).test(key) && text(value));
  return Object.fromEntries(pairs.map(([key, value]) => [key.slice(lead.length), text(value)]));
}
