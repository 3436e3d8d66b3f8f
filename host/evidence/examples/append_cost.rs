//! What evidence costs on this machine: nanoseconds per leaf, for a leaf like that of an ordinary request.
//!
//! `cargo run -p aecp-evidence --example append_cost [FOLDER]`; the folder, which must be on the storage in question,
//! defaults to the system's temporary one. The journal is made in it and left there.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use std::time::Instant;

use aecp_evidence::{
    BundleReference, ComponentRecord, ComponentResult, Draft, Event, Fact, Intent, Journal, JournalLimits,
    LogSigner, Question, Recorded, Recorder, RecorderLimits,
};
use aecp_vocabulary::policy::Outcomes;
use aecp_vocabulary::{AuditClass, Decision, Digest, Value, Verdict};

const LEAVES: u32 = 50_000;

fn intent() -> Event {
    let decision = Decision {
        verdict: Verdict::Allow,
        denial: None,
        findings: Vec::new(),
        covered_by: Vec::new(),
        obligations: Vec::new(),
        audit: AuditClass::Required,
    };
    let mut intent = Intent::of("7f0c6d5e-0000-4000-8000-000000000001", [7; 32], &decision);
    let fact = |number: usize| Fact {
        question: Question::Resource,
        read: number < 8,
        name: format!("customer.attribute_{number}").into(),
        value: Recorded::Value(Value::Text("eu-central-1".into())),
    };
    intent.facts = (0..10).map(fact).collect();
    intent.bundle = Some(BundleReference {
        digest: Digest::of(b"bundle"),
        epoch: 7,
    });
    intent.components = vec![ComponentRecord {
        digest: Digest::of(b"component"),
        result: ComponentResult::Outcomes(Outcomes {
            applied: vec![0, 3, 9],
            findings: Vec::new(),
        }),
    }];
    intent.route = Some("customers".into());
    Event::Intent(Box::new(intent))
}

fn per_leaf(begin: Instant) -> u128 {
    begin.elapsed().as_nanos() / u128::from(LEAVES)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, Into::into);
    let evidence = folder.join(format!("append-cost-{}", std::process::id()));
    std::fs::create_dir_all(&evidence)?;
    let journal = Journal::open(&evidence, JournalLimits::default())?;
    let event = intent();

    let begin = Instant::now();
    let mut bytes = 0;
    for time in 0..LEAVES {
        bytes += std::hint::black_box(Draft::new(time.into(), "gate-1", &event)?)
            .at(aecp_evidence::Position {
                writer: journal.writer(),
                sequence: time.into(),
            })
            .len();
    }
    println!(
        "encode              {:>7} ns, {} bytes",
        per_leaf(begin),
        bytes / usize::try_from(LEAVES)?
    );

    let draft = Draft::new(0, "gate-1", &event)?;
    for (name, class) in [
        ("append, ordinary ", AuditClass::Ordinary),
        ("append, required ", AuditClass::Required),
    ] {
        let mut times = Vec::new();
        let begin = Instant::now();
        for _ in 0..LEAVES {
            let one = Instant::now();
            journal.record(class, &draft, &[])?;
            times.push(one.elapsed().as_nanos());
        }
        let mean = per_leaf(begin);
        times.sort_unstable();
        let at = |share: usize| {
            times
                .get(times.len() * share / 1_000)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{name}   {mean:>7} ns mean, p50 {} ns, p99 {} ns, p99.9 {} ns",
            at(500),
            at(990),
            at(999)
        );
    }
    journal.close()?;

    let signer = LogSigner::from_seed("gate-1", &[1; 32])?;
    let verifier = signer.verifier();
    let mut recorder = Recorder::open(&evidence, signer, RecorderLimits::default())?;
    let begin = Instant::now();
    let mut steps = 1;
    while recorder.step()?.more {
        steps += 1;
    }
    let size = recorder.size();
    let nanoseconds = begin.elapsed().as_nanos() / u128::from(size.max(1));
    println!("merge and sign      {nanoseconds:>7} ns per leaf, {size} leaves in {steps} steps");
    let begin = Instant::now();
    aecp_evidence::verify(&evidence, &verifier, None)?;
    println!(
        "verify              {:>7} ns per leaf",
        begin.elapsed().as_nanos() / u128::from(size.max(1))
    );
    println!("in `{}`", evidence.display());
    Ok(())
}
