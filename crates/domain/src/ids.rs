//! Names of things: the small types that keep a unit from being taken for a person.
//!
//! Identifiers that people give (unit, person, category …) are short codes, parsed at the door; identifiers that the
//! program gives are UUIDv7 and arrive as arguments. This module must never make an id.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest code, in bytes.
pub const CODE_MAX_BYTES: usize = 64;

/// Why a text is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a code: use 1 to 64 of the characters A-Z a-z 0-9 . _ -")]
pub struct BadCode(pub String);

fn check(text: &str) -> Result<(), BadCode> {
    let fits = !text.is_empty() && text.len() <= CODE_MAX_BYTES;
    if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        Ok(())
    } else {
        Err(BadCode(text.chars().take(80).collect()))
    }
}

macro_rules! code {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
        #[schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$", example = "lh.dm")]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses a code: 1 to [`CODE_MAX_BYTES`] of `A-Z a-z 0-9 . _ -`.
            pub fn new(text: impl Into<String>) -> Result<Self, BadCode> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }
            /// The code as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl FromStr for $name {
            type Err = BadCode;
            fn from_str(text: &str) -> Result<Self, BadCode> { Self::new(text) }
        }
        impl TryFrom<String> for $name {
            type Error = BadCode;
            fn try_from(text: String) -> Result<Self, BadCode> { Self::new(text) }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

code! {
    /// A unit 单位: a node of the organisation tree.
    UnitId;
    /// A member of staff, a partner, or a system account.
    PersonId;
    /// A spot 点位: a place with a QR code of its own.
    SpotId;
    /// A service point 服务点.
    ServiceId;
    /// A category 诉求分类, leaf or branch.
    CategoryId;
    /// A channel 渠道, the way in.
    ChannelId;
    /// A clock rule 时限 of the policy.
    ClockId;
    /// A class 类别 of the policy: urgent, fast, routine.
    ClassId;
    /// A duty post 值班岗: what somebody on the roster holds.
    PostId;
    /// A form or register of the policy, such as the opinion form 意见书.
    FormId;
    /// A named studio or counter of mediation or legal aid 调解工作室.
    StudioId;
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[schema(value_type = String, format = Uuid)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { Uuid::parse_str(text).map(Self) }
        }
    )*};
}

uuid_id! {
    /// One case 诉求件.
    CaseId;
    /// A request inside a case that is decided later: an extension, a return, an appeal, a whistle.
    RequestId;
    /// A photo or file on a case.
    AttachmentId;
    /// A campaign 专项治理.
    CampaignId;
    /// A call to a duty post that nobody answered 值班来电.
    DutyCallId;
    /// A turn of duty that somebody asks another to take 换班.
    DutySwapId;
    /// A hand-over sheet 交接班记录.
    HandOverId;
    /// A day on which a leader receives 接访日.
    ReceptionDayId;
    /// A booking of a reception day 接访预约.
    BookingId;
    /// A plan of rounds 巡查计划.
    RoundPlanId;
    /// A partner 共建伙伴.
    PartnerId;
    /// An activity or task that partners take part in 活动、任务.
    ActivityId;
    /// A guide to a service 办事指南.
    GuideId;
    /// A signal 苗头: something that a person is asked to decide about before anyone complains.
    SignalId;
}
