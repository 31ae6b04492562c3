//! placeholder
use serde::{Deserialize, Serialize};
/// Origin 来源性质: how the case came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Someone asked 群众诉求.
    Request,
    /// Staff found it before anyone asked 主动发现.
    Inspection,
    /// A sensor, a camera or our own analysis raised it 弱信号.
    Signal,
}
