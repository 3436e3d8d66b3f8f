#![allow(clippy::arithmetic_side_effects)]

use aecp_vocabulary::policy::PolicyFinding;
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{Denial, Mode, Outcome, Value};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::commitment::Commitment;

fn value() -> impl Strategy<Value = Value> {
    let address = || any::<u128>().prop_map(Address);
    let network = || {
        (any::<u128>(), 0..=128_u8).prop_map(|(bits, prefix)| Network {
            address: Address(bits),
            prefix,
        })
    };
    prop_oneof![
        Just(Value::Absent),
        ".{0,9}".prop_map(Value::Failed),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<i64>().prop_map(Value::Decimal),
        ".{0,40}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Instant),
        any::<i64>().prop_map(Value::Duration),
        address().prop_map(Value::Address),
        network().prop_map(Value::Network),
        vec(".{0,5}", 0..4).prop_map(Value::SetOfText),
        vec(any::<i64>(), 0..30).prop_map(Value::SetOfInteger),
        vec(any::<i64>(), 0..4).prop_map(Value::SetOfDecimal),
        vec(any::<i64>(), 0..4).prop_map(Value::SetOfInstant),
        vec(any::<i64>(), 0..4).prop_map(Value::SetOfDuration),
        vec(address(), 0..4).prop_map(Value::SetOfAddress),
        vec(network(), 0..4).prop_map(Value::SetOfNetwork),
    ]
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let recorded = prop_oneof![
        4 => value().prop_map(Recorded::Value),
        1 => any::<[u8; 32]>().prop_map(|hash| Recorded::Commitment(Commitment(hash))),
        1 => any::<(u64, [u8; 32])>().prop_map(|(bytes, sha256)| Recorded::Omitted { bytes, sha256 }),
    ];
    let question = proptest::sample::select(Question::ALL.to_vec());
    vec(
        (question, any::<bool>(), "[a-z.]{1,12}", recorded).prop_map(|(question, read, name, value)| Fact {
            question,
            read,
            name: name.into(),
            value,
        }),
        0..20,
    )
}

fn outcome_of_policy() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Satisfied),
        Just(Outcome::Violated),
        Just(Outcome::Indeterminate)
    ]
}

fn component() -> impl Strategy<Value = ComponentRecord> {
    let finding = (any::<u32>(), outcome_of_policy(), vec(any::<u32>(), 0..3)).prop_map(
        |(policy, outcome, obligations)| PolicyFinding {
            policy,
            outcome,
            obligations,
        },
    );
    let outcomes = (btree_set(0..3_000_u32, 0..20), vec(finding, 0..4)).prop_map(|(applied, findings)| {
        ComponentResult::Outcomes(Outcomes {
            applied: applied.into_iter().collect(),
            findings,
        })
    });
    let result = prop_oneof![outcomes, "[a-z_]{1,20}".prop_map(ComponentResult::Failed)];
    (digest(), result).prop_map(|(digest, result)| ComponentRecord { digest, result })
}

fn bundle() -> impl Strategy<Value = Option<BundleReference>> {
    option::of((digest(), any::<u64>()).prop_map(|(digest, epoch)| BundleReference { digest, epoch }))
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn fact(name: &str, value: Recorded) -> Fact {
    Fact {
        question: Question::of_attribute(name),
        read: true,
        name: name.into(),
        value,
    }
}

fn position() -> impl Strategy<Value = Position> {
    (any::<[u8; 16]>(), any::<u64>()).prop_map(|(writer, sequence)| Position {
        writer: WriterId(writer),
        sequence,
    })
}

fn intent() -> impl Strategy<Value = Event> {
    let name = || {
        ("[a-z]{1,8}", "[a-z]{1,8}").prop_map(|(a, b)| PolicyName {
            package: a.into(),
            policy: b.into(),
        })
    };
    let modes = prop_oneof![Just(Mode::AuditOnly), Just(Mode::Advisory), Just(Mode::Blocking)];
    let finding =
        (name(), outcome_of_policy(), modes, ".{0,20}").prop_map(|(name, outcome, mode, reason)| Finding {
            package: name.package.to_string(),
            policy: name.policy.to_string(),
            outcome,
            mode,
            reason,
        });
    let obligation = (name(), "[a-z]{1,6}", vec(("[a-z]{1,5}", ".{0,9}"), 0..3))
        .prop_map(|(by, kind, arguments)| RaisedObligation { by, kind, arguments });
    let class = prop_oneof![
        Just(AuditClass::Ordinary),
        Just(AuditClass::Required),
        Just(AuditClass::Durable)
    ];
    let words = (
        ".{0,20}",
        ".{0,20}",
        option::of("[a-z_]{1,9}"),
        ".{0,30}",
        option::of("[a-z]{1,9}"),
        any::<bool>(),
    );
    let lists = (
        vec(component(), 0..3),
        vec(finding, 0..4),
        vec(name(), 0..3),
        vec(obligation, 0..3),
    );
    let known = (facts(), bundle());
    let rest = (any::<[u8; 32]>(), vec(".{0,9}", 0..3), class, any::<(u64, u64)>());
    (words, lists, known, rest).prop_map(|(words, lists, known, rest)| {
        Event::Intent(Box::new(Intent {
            request_id: words.0,
            verdict: if words.5 { Verdict::Allow } else { Verdict::Deny },
            policy_id: words.1,
            denial: words.2,
            reason: words.3,
            facts: known.0,
            bundle: known.1,
            components: lists.0,
            findings: lists.1,
            covered_by: lists.2,
            obligations: lists.3,
            request_hash: rest.0,
            lineage: rest.1,
            audit: rest.2,
            route: words.4,
            shortened: Shortened {
                texts: rest.3.0,
                entries: rest.3.1,
            },
        }))
    })
}

fn event() -> impl Strategy<Value = Event> {
    let results = prop_oneof![
        Just(RequestResult::Completed),
        Just(RequestResult::UpstreamFailed),
        Just(RequestResult::ClientGone),
        Just(RequestResult::Interrupted),
    ];
    let outcome = (
        position(),
        results,
        option::of(any::<u16>()),
        any::<(u64, u64, u64)>(),
        ".{0,9}",
    )
        .prop_map(|(intent, result, status, numbers, detail)| {
            Event::Outcome(RequestOutcome {
                intent,
                result,
                status,
                bytes_to_upstream: numbers.0,
                bytes_to_client: numbers.1,
                duration: numbers.2,
                detail,
            })
        });
    let gap = (any::<[u8; 16]>(), any::<(u64, u64)>()).prop_map(|(writer, (first, next))| Gap {
        writer: WriterId(writer),
        first,
        next,
    });
    let lifecycle = ("[a-z_]{1,20}", ".{0,9}", ".{0,9}", bundle(), option::of(gap)).prop_map(
        |(kind, subject, detail, bundle, gap)| {
            Event::Lifecycle(Lifecycle {
                kind: LifecycleKind::of_name(&kind),
                subject,
                detail,
                bundle,
                gap,
            })
        },
    );
    prop_oneof![2 => intent(), 1 => outcome, 1 => lifecycle]
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (position(), any::<i64>(), ".{0,12}", event()).prop_map(|(position, time, enforcement_point, event)| {
        Leaf {
            position,
            time,
            enforcement_point,
            event,
        }
    })
}

proptest! {
    #[test]
    fn a_leaf_is_read_back_as_it_was(leaf in leaf()) {
        let bytes = leaf.encode().unwrap();
        prop_assert_eq!(Leaf::decode(&bytes).unwrap(), leaf.clone());
        let drafted = Draft::new(leaf.time, &leaf.enforcement_point, &leaf.event).unwrap().at(leaf.position);
        prop_assert_eq!(drafted, bytes);
        prop_assert!(leaf.to_json().is_object());
    }

    #[test]
    fn another_implementation_reads_and_writes_the_same_bytes(leaf in leaf()) {
        let bytes = leaf.encode().unwrap();
        let theirs: ciborium::Value = ciborium::from_reader(bytes.as_slice()).unwrap();
        let mut again = Vec::new();
        ciborium::into_writer(&theirs, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn bytes_have_one_meaning_or_none(leaf in leaf(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = leaf.encode().unwrap();
        let at = at.index(bytes.len());
        prop_assert!(Leaf::decode(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Leaf::decode(&bytes) {
            prop_assert_ne!(&other, &leaf);
            prop_assert_eq!(other.encode().unwrap(), bytes);
        }
    }
}

fn allowed() -> Intent {
    let decision = Decision {
        verdict: Verdict::Allow,
        denial: None,
        findings: Vec::new(),
        ..denied()
    };
    Intent::of("r-1", [0; 32], &decision)
}

fn denied() -> Decision {
    Decision::refused(Denial::NoBundle, "there is no bundle")
}

fn place() -> Position {
    Position {
        writer: WriterId([1; 16]),
        sequence: u64::MAX,
    }
}

fn fitted(intent: Intent) -> Intent {
    let bytes = Draft::new(i64::MIN, "gate", &Event::Intent(Box::new(intent)))
        .unwrap()
        .at(place());
    assert!(bytes.len() <= LEAF_LIMIT);
    match Leaf::decode(&bytes).unwrap().event {
        Event::Intent(intent) => *intent,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_intent_names_the_policy_that_denied() {
    let blocking = |package: &str, policy: &str| Finding {
        package: package.into(),
        policy: policy.into(),
        outcome: Outcome::Violated,
        mode: Mode::Blocking,
        reason: "no".into(),
    };
    let by = |finding: Finding, denial| {
        let findings = vec![
            Finding {
                mode: Mode::Advisory,
                ..blocking("a", "first")
            },
            finding,
        ];
        Intent::of(
            "r",
            [0; 32],
            &Decision {
                denial: Some(denial),
                findings,
                ..denied()
            },
        )
    };
    assert_eq!(
        by(blocking("eu", "residency"), Denial::Violated).policy_id,
        "eu.residency"
    );
    assert_eq!(
        by(blocking("eu", "default"), Denial::Default).policy_id,
        "default"
    );
    let refused = Intent::of("r", [0; 32], &denied());
    assert_eq!(
        (refused.policy_id.as_str(), refused.reason.as_str()),
        ("no_bundle", "there is no bundle")
    );
    assert_eq!(
        (allowed().policy_id.as_str(), allowed().reason.as_str()),
        ("", "")
    );
}

#[test]
fn a_leaf_that_fits_is_not_shortened() {
    let mut intent = allowed();
    intent.reason = "x".repeat(60_000);
    assert_eq!(fitted(intent.clone()), intent);
}

#[test]
fn what_is_too_large_is_shortened_and_says_so() {
    let large = Value::SetOfText(vec!["x".repeat(1_000); 100]);
    let mut intent = allowed();
    intent.reason = "é".repeat(40_000);
    intent.facts = vec![
        fact("huge", Recorded::Value(large)),
        fact("small", Recorded::Value(Value::Integer(1))),
    ];
    let short = fitted(intent);
    assert!(short.reason.starts_with("éé") && short.reason.ends_with("…[+75904 bytes]"));
    assert!(matches!(
        short.facts[0].value,
        Recorded::Omitted { bytes: 100_304, .. }
    ));
    assert_eq!(short.facts[1].value, Recorded::Value(Value::Integer(1)));
    assert_eq!(short.shortened, Shortened { texts: 2, entries: 0 });
}

#[test]
fn a_decision_over_very_many_policies_still_fits() {
    let finding = |number: u32| Finding {
        package: "a_package_with_some_name".into(),
        policy: format!("policy_{number}"),
        outcome: Outcome::Violated,
        mode: Mode::Blocking,
        reason: "a reason that takes up some room ".repeat(8),
    };
    let mut intent = allowed();
    intent.findings = (0..10_000).map(finding).collect();
    let findings = (0..10_000).map(|policy| PolicyFinding {
        policy,
        outcome: Outcome::Violated,
        obligations: Vec::new(),
    });
    let outcomes = Outcomes {
        applied: (0..10_000).collect(),
        findings: findings.collect(),
    };
    let component = ComponentRecord {
        digest: Digest::of(b"component"),
        result: ComponentResult::Outcomes(outcomes),
    };
    intent.components = vec![component.clone()];
    let short = fitted(intent);
    assert_eq!(
        short.components,
        [component],
        "what a replay is compared with stays whole"
    );
    assert_eq!(
        u64::try_from(short.findings.len()).unwrap() + short.shortened.entries,
        10_000
    );
}

#[test]
fn what_cannot_fit_is_refused() {
    let fact = |number: u32| {
        fact(
            &format!("attribute_{number:0>40}"),
            Recorded::Value(Value::Absent),
        )
    };
    let mut intent = allowed();
    intent.facts = (0..2_000).map(fact).collect();
    let refused = Draft::new(0, "gate", &Event::Intent(Box::new(intent)));
    assert!(matches!(refused, Err(LeafError::TooLarge { bytes }) if bytes > LEAF_LIMIT));
    let outcomes = Outcomes {
        applied: vec![u32::MAX],
        findings: Vec::new(),
    };
    let mut intent = allowed();
    intent.components = vec![ComponentRecord {
        digest: Digest::of(b"component"),
        result: ComponentResult::Outcomes(outcomes),
    }];
    assert!(Draft::new(0, "gate", &Event::Intent(Box::new(intent))).is_err());
}

#[test]
fn json_shows_what_people_look_for() {
    let mut intent = Intent::of("r-1", [0xab; 32], &denied());
    intent.facts = vec![
        fact("customer.region", Recorded::Value(Value::Text("EU".into()))),
        fact("identity.mail", Recorded::Commitment(Commitment([2; 32]))),
    ];
    let leaf = Leaf {
        position: Position {
            sequence: 7,
            ..place()
        },
        time: 1_700_000_000_000_000_001,
        enforcement_point: "gate".into(),
        event: Event::Intent(Box::new(intent)),
    };
    let json = leaf.to_json();
    assert_eq!(json["timestamp"], "2023-11-14T22:13:20.000000001Z");
    assert_eq!(json["decision"], "DENY");
    assert_eq!(json["policy_id"], "no_bundle");
    let of = |question: &str| &json["context"][question][0];
    assert_eq!(of("resource")["value"], "EU");
    assert_eq!(of("resource")["read"], true);
    assert_eq!(of("identity")["value"]["commitment"], "02".repeat(32));
    assert_eq!(json["audit"], "REQUIRED");
}

#[test]
fn a_newer_version_is_told_apart_from_damage() {
    let mut bytes = Draft::new(0, "gate", &Event::Intent(Box::new(allowed())))
        .unwrap()
        .at(place());
    bytes[2] = 2;
    assert_eq!(
        Leaf::decode(&bytes),
        Err(LeafError::UnknownVersion { version: 2 })
    );
}
