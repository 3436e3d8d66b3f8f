//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use bindings::exports::aecp::policy::evaluator::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/policy", world: "policy" });
}

use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Component;

impl Guest for Component {
    fn describe() -> Description {
        let policy = Policy {
            name: "hostile".into(),
            mode: Mode::Blocking,
            audit: AuditClass::Ordinary,
            exception: OverrideRule::Never,
            reads: Vec::new(),
            reason: Vec::new(),
            obligations: Vec::new(),
            annotations: Vec::new(),
        };
        let package = PolicyPackage {
            name: "hostile".into(),
            version: "1.0.0".into(),
            default: DefaultDecision::Deny,
            policies: vec![policy],
            annotations: Vec::new(),
        };
        Description {
            inputs: Vec::new(),
            packages: vec![package],
        }
    }

    fn evaluate(_: Vec<Value>) -> Result<Outcomes, String> {
        let violated = Finding {
            policy: 0,
            outcome: Outcome::Violated,
            obligations: Vec::new(),
        };
        let again = CALLS.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        Ok(Outcomes {
            applied: vec![0],
            findings: if again { vec![violated] } else { Vec::new() },
        })
    }
}

bindings::export!(Component with_types_in bindings);
