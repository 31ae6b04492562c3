//! A case that the program raised and a person accepted: of a signal, of what machines report. It goes the way of any case.

use axum::http::StatusCode;
use jiban_domain::{
    case::{Origin, Place, Reason, ReasonKind},
    command::Register,
    ids::CategoryId,
    permission,
};

use crate::http::{
    auth::Staff,
    problem::{Answer, Problem},
};

/// A case that the program raised and a person accepted, by this channel where the policy has it, else by another of its
/// origin.
///
/// # Errors
/// The policy has no channel for it.
pub fn raised(
    staff: &Staff,
    channel: &str,
    (title, text): (String, String),
    place: Place,
    category: Option<CategoryId>,
) -> Answer<Register> {
    let policy = &staff.snapshot.policy;
    let ours = policy.channels.iter().filter(|(_, channel)| channel.origin == Origin::Signal);
    let (channel, _) = ours.max_by_key(|(id, _)| id.as_str() == channel).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no_channel",
            "the policy has no channel whose origin is 'signal'; add one to make cases of what the program raises",
            "机制中没有来源性质为“弱信号”的渠道，请先在机制文件中增加",
        )
    })?;
    let mut proposal = staff.snapshot.triage.propose(policy, "", "");
    proposal.reasons = vec![Reason::of(ReasonKind::Signal)];
    let usual = category.iter().flat_map(|id| policy.lineage(id));
    let class = usual.filter_map(|id| policy.categories.get(id)?.class.clone()).next();
    proposal.class = class.or(proposal.class);
    proposal.category = category;
    Ok(Register {
        origin: Some(Origin::Signal),
        channel: channel.clone(),
        first_receiver: permission::home_unit(&staff.snapshot.organisation, &staff.person).cloned(),
        title,
        text,
        place,
        reporter: Default::default(),
        complained_about: None,
        upstream_number: None,
        received_by_leader: None,
        proposal: Some(proposal),
    })
}
