//! Mediation and legal aid 调解、法律援助: sessions, the signed agreement, and whether each of its terms was kept.
//!
//! As in `acts`: whether the actor may was settled before. An agreement is only signed over a form that is on file, and
//! every signature is one that can be shown.

use std::collections::BTreeSet;

use jiff::ToSpan;

use super::{Draft, acts::Outcome, note, required};
use crate::{
    case::{
        Agreement, AttachmentKind, DUE_MAX_DAYS, PARTY_MAX, SESSIONS_MAX, SIGNATURES_MAX, Session, SessionOutcome,
        Signature, TERM_MAX, TERMS_MAX, Term,
    },
    command::{self as cmd, NewTerm},
    event::Event,
    policy::Route,
    refusal::{Refusal, limit},
};

impl Draft<'_> {
    pub(super) fn hold_session(&mut self, c: &cmd::HoldSession) -> Outcome {
        self.taken_up()?;
        limit(self.case.sessions.len() >= SESSIONS_MAX, "sessions on one case", "一件诉求的调解会", SESSIONS_MAX)?;
        let now = self.moment.now;
        if c.held_at > now {
            return Err(Refusal::invalid("held_at", "a time that is not to come", "不能晚于现在"));
        }
        let adjourned = c.outcome == SessionOutcome::Adjourned;
        if c.next_at.is_some_and(|next| next <= now || !adjourned) {
            let (en, zh) = ("a time to come, of a session that was adjourned", "仅择日再议时填写，且应晚于现在");
            return Err(Refusal::invalid("next_at", en, zh));
        }
        self.push(Event::SessionHeld(Session {
            held_at: c.held_at,
            present: required("present", &c.present, TERM_MAX)?.to_owned(),
            told: note("told", &c.told)?.to_owned(),
            outcome: c.outcome,
            next_at: c.next_at,
            at: now,
        }));
        Ok(())
    }

    pub(super) fn sign_agreement(&mut self, c: &cmd::SignAgreement) -> Outcome {
        self.taken_up()?;
        if self.case.route.as_ref().is_some_and(|route| route.route != Route::Mediation) {
            return Err(Refusal::First { what: "route the case to mediation", what_zh: "转调解" });
        }
        limit(self.case.agreements.len() >= TERMS_MAX, "agreements on one case", "一件诉求的协议", TERMS_MAX)?;
        let form = self.world.policy.agreement.as_ref().and_then(|form| self.case.unsigned(form));
        let Some(form) = form else {
            return Err(Refusal::First { what: "file the form of the agreement", what_zh: "填报调解协议书" });
        };
        let agreement = Agreement {
            form: u32::try_from(form).unwrap_or(u32::MAX),
            signatures: self.signatures(&c.signatures)?,
            terms: self.new_terms(&c.terms)?,
            at: self.moment.now,
        };
        self.push(Event::AgreementSigned(agreement));
        Ok(())
    }

    pub(super) fn end_term(&mut self, c: &cmd::EndTerm) -> Outcome {
        let term = self.case.terms().find(|term| term.number == c.term);
        let term = term.ok_or_else(|| Refusal::unknown("term", c.term))?;
        if term.kept.is_some() {
            return Err(Refusal::Already { what: "told", what_zh: "登记履约" });
        }
        let note = note("note", &c.note)?.to_owned();
        self.push(Event::TermEnded { term: c.term, kept: c.kept, note });
        Ok(())
    }

    fn taken_up(&self) -> Outcome {
        match &self.case.route {
            Some(_) => Ok(()),
            None => Err(Refusal::First {
                what: "route the case to mediation or legal aid",
                what_zh: "转调解或法律援助",
            }),
        }
    }

    fn signatures(&self, signatures: &[Signature]) -> Result<Vec<Signature>, Refusal> {
        limit(signatures.len() > SIGNATURES_MAX, "signatures", "签名", SIGNATURES_MAX)?;
        let mut parties = BTreeSet::new();
        let mut signed = Vec::new();
        for signature in signatures {
            let party = required("signatures.party", &signature.party, PARTY_MAX)?;
            if !parties.insert(party) {
                let (en, zh) = (format!("each party once; {party} is there twice"), format!("「{party}」重复签名"));
                return Err(Refusal::invalid("signatures.party", en, zh));
            }
            let drawn = self.case.attachments.iter().find(|attachment| attachment.id == signature.attachment);
            let drawn = drawn.ok_or_else(|| Refusal::unknown("attachment", signature.attachment))?;
            if drawn.kind != AttachmentKind::Signature {
                let (en, zh) = ("what was uploaded as a signature", "应为作为签名上传的图片");
                return Err(Refusal::invalid("signatures.attachment", en, zh));
            }
            signed.push(Signature { party: party.to_owned(), attachment: signature.attachment });
        }
        if signed.len() < 2 {
            return Err(Refusal::invalid("signatures", "those of two parties at least", "至少须有双方当事人签名"));
        }
        Ok(signed)
    }

    fn new_terms(&self, terms: &[NewTerm]) -> Result<Vec<Term>, Refusal> {
        limit(terms.len() > TERMS_MAX, "terms of one agreement", "一份协议的履行事项", TERMS_MAX)?;
        if terms.is_empty() {
            return Err(Refusal::invalid(
                "terms",
                "what is to be done, by whom, by when",
                "请写明由谁、何时、履行什么",
            ));
        }
        let today = self.moment.now.to_zoned(self.world.calendar.zone().clone()).date();
        let last = today.saturating_add(DUE_MAX_DAYS.days());
        let first = u32::try_from(self.case.terms().count()).unwrap_or(u32::MAX).saturating_add(1);
        let numbered = (first..).zip(terms).map(|(number, term)| {
            if term.due < today || term.due > last {
                let (en, zh) = (format!("a day from today to {last}"), format!("应为今天至 {last} 的日期"));
                return Err(Refusal::invalid("terms.due", en, zh));
            }
            Ok(Term {
                number,
                party: required("terms.party", &term.party, PARTY_MAX)?.to_owned(),
                text: required("terms.text", &term.text, TERM_MAX)?.to_owned(),
                due: term.due,
                kept: None,
                kept_at: None,
                note: String::new(),
            })
        });
        numbered.collect()
    }
}
