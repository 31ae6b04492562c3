//! What the policy files say.

use jiban_domain::policy::Policy;

#[test]
fn dongmen_has_no_fault() {
    if let Err(faults) = Policy::parse(include_str!("../../../policies/dongmen.toml")) {
        panic!("{faults}");
    }
}
#[test]
fn baltimore_has_no_fault() {
    if let Err(faults) = Policy::parse(include_str!("../../../policies/baltimore.toml")) {
        panic!("{faults}");
    }
}
