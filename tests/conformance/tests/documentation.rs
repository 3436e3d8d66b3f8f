//! The documentation and the kit name the same checks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_conformance::catalogue::checks;
use aecp_engine::Contract;

#[test]
fn every_check_is_documented() {
    let page = include_str!("../../../docs/conformance.md");
    for contract in [Contract::Policy, Contract::Context, Contract::Audit] {
        for (id, title) in checks(contract) {
            assert!(
                page.contains(&format!("| `{id}` |")),
                "docs/conformance.md does not explain `{id}`"
            );
            assert!(title.ends_with('.') && !title.contains('\n'), "{title}");
        }
    }
}
