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
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let finding = |policy, obligations| Finding {
            policy,
            outcome: Outcome::Violated,
            obligations,
        };
        match call % 4 {
            // Policies that do not exist.
            0 => Ok(Outcomes {
                applied: vec![7, u32::MAX],
                findings: vec![finding(7, Vec::new())],
            }),
            // Neither ascending nor each once, and a violation of what did not apply.
            1 => Ok(Outcomes {
                applied: vec![0, 0],
                findings: vec![finding(0, Vec::new()), finding(0, Vec::new())],
            }),
            // Obligations that do not exist, unsorted.
            2 => Ok(Outcomes {
                applied: vec![0],
                findings: vec![finding(0, vec![9, 3, 3])],
            }),
            _ => Err("x".repeat(10_000_000)),
        }
    }
}

bindings::export!(Component with_types_in bindings);
