//! Desks 专办台: what waits on a case for somebody's decision or act, so that whoever decides finds theirs in one place.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Case, State};
use crate::{clock::Clock, policy::RECHECK};

/// A desk 专办台: cases that wait for one kind of decision or act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Desk {
    /// A return waits for its decision 退回裁定.
    Return,
    /// An extension waits for its decision 延期裁定.
    Extension,
    /// A whistle is open 吹哨报到.
    Whistle,
    /// An appeal waits for its decision 申诉裁定.
    Appeal,
    /// A lead official is answerable 领导包案.
    Official,
    /// Finished and not yet followed up 待回访.
    FollowUp,
    /// Mediation or legal aid goes on 调解法援.
    Mediation,
    /// Terms of an agreement are still to be kept 协议履行.
    Agreement,
    /// What a round found is to be looked at again 待复查.
    Recheck,
}

impl Desk {
    /// Every desk.
    pub const ALL: [Self; 9] = [
        Self::Return,
        Self::Extension,
        Self::Whistle,
        Self::Appeal,
        Self::Official,
        Self::FollowUp,
        Self::Mediation,
        Self::Agreement,
        Self::Recheck,
    ];

    /// Code as stored beside the marks; unlike any mark.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Return => "desk-return",
            Self::Extension => "desk-extension",
            Self::Whistle => "desk-whistle",
            Self::Appeal => "desk-appeal",
            Self::Official => "desk-official",
            Self::FollowUp => "desk-follow-up",
            Self::Mediation => "desk-mediation",
            Self::Agreement => "desk-agreement",
            Self::Recheck => "desk-recheck",
        }
    }
}

impl Case {
    /// What waits on this case for somebody's decision or act: the desks 专办台 on which it lies.
    pub fn desks(&self) -> BTreeSet<Desk> {
        let mut desks = BTreeSet::new();
        let mut lies_on = |desk, so: bool| {
            if so {
                desks.insert(desk);
            }
        };
        lies_on(Desk::Return, self.open_return().is_some());
        lies_on(Desk::Extension, self.extensions.iter().any(|extension| extension.granted.is_none()));
        lies_on(Desk::Whistle, self.whistles.iter().any(|whistle| whistle.outcome.is_none()));
        lies_on(Desk::Appeal, self.appeals.iter().any(|appeal| appeal.upheld.is_none()));
        lies_on(Desk::Official, self.escalation.is_some());
        lies_on(Desk::FollowUp, self.awaits_follow_up());
        lies_on(Desk::Mediation, self.is_mediated());
        lies_on(Desk::Recheck, self.awaits_recheck());
        lies_on(Desk::Agreement, self.terms().any(|term| term.kept.is_none()));
        desks
    }

    /// Whether what a round found waits to be looked at again.
    pub fn awaits_recheck(&self) -> bool {
        let waits = |clock: &Clock| clock.rule.as_str() == RECHECK && (clock.is_running() || clock.is_overdue());
        self.state == State::Finished && self.clocks.iter().any(waits)
    }
}
