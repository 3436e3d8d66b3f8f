//! The real program: what it starts, starts again and ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod site;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use aecp_evidence::{Draft, Event, Journal, JournalLimits, Lifecycle, LifecycleKind};
use aecp_vocabulary::AuditClass;
use rustix::process::Signal;
use site::{Site, kill};

fn place(told: &[String], wanted: &str) -> usize {
    told.iter()
        .rposition(|line| line.contains(wanted))
        .unwrap_or_else(|| panic!("no {wanted} in {told:#?}"))
}

#[test]
fn a_role_that_is_killed_is_started_again_and_all_end_in_order() {
    let site = Site::new();
    let mut daemon = site.start(None);
    let recorder = daemon.started("recorder");
    let gateway = daemon.started("gateway");
    let agent = daemon.started("agent");
    for (role, pid) in [("agent", agent), ("gateway", gateway), ("recorder", recorder)] {
        kill(pid, Signal::KILL);
        let again = daemon.started_and_begun(role);
        assert_ne!(again, pid);
        let file = std::fs::read_to_string(site.state().join(format!("run/{role}.pid"))).unwrap();
        assert_eq!(file.trim(), again.to_string());
    }
    daemon.signal(Signal::TERM);
    let (status, told) = daemon.ended();
    assert!(status.success(), "{told:#?}");
    let recorder = place(&told, "\"ended\":\"recorder\"");
    assert!(
        place(&told, "\"ended\":\"gateway\"") < recorder && place(&told, "\"ended\":\"agent\"") < recorder
    );
    assert_eq!(std::fs::read_dir(site.state().join("run")).unwrap().count(), 0);
}

#[test]
fn no_role_outlives_the_supervisor() {
    let site = Site::new();
    let mut daemon = site.start(None);
    for role in ["recorder", "gateway", "agent"] {
        daemon.started(role);
    }
    daemon.signal(Signal::KILL);
    // Waits for everybody who could still write a log line.
    let (status, _) = daemon.ended();
    assert!(!status.success());
}

#[test]
fn without_a_bundle_everything_is_denied() {
    let site = Site::new();
    let mut daemon = site.start(None);
    let address = daemon.until(|line| {
        line["address"]
            .as_str()
            .filter(|_| line["role"] == "gateway")
            .map(str::to_owned)
    });
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /customers HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("no_bundle"), "{answer}");
    daemon.signal(Signal::TERM);
    assert!(daemon.ended().0.success());
    let report = aecp_evidence::verify(&site.evidence(), &site.log_key.parse().unwrap(), None).unwrap();
    assert_eq!((report.allowed, report.denied), (0, 1));
    assert_eq!((report.unsigned_frames, report.gaps.len()), (0, 0), "{report:?}");
}

#[test]
fn a_role_whose_supervisor_is_gone_does_not_begin() {
    let site = Site::new();
    let mut command = site::aecpd();
    command
        .args(["agent", "--supervised-by", "1", "--config"])
        .arg(site.config());
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("supervisor (process 1) is gone"), "{error}");
}

#[test]
fn one_supervisor_and_one_recorder_use_a_state() {
    let site = Site::new();
    let mut daemon = site.start(None);
    daemon.says("recorder", "keeps the log");
    daemon.until(|line| line["message"].as_str()?.contains("checkpoint").then_some(()));
    for (role, refusal) in [
        (None, "another aecpd uses"),
        (Some("recorder"), "another recorder holds"),
    ] {
        let (status, told) = site.start(role).ended();
        assert_eq!(status.code(), Some(1));
        assert!(told.iter().any(|line| line.contains(refusal)), "{told:#?}");
    }
    daemon.signal(Signal::INT);
    assert!(daemon.ended().0.success());
}

#[test]
fn a_recorder_that_is_killed_again_and_again_loses_nothing() {
    let site = Site::new();
    let mut daemon = site.start(Some("recorder"));
    daemon.says("recorder", "signed a checkpoint");
    let journal = Journal::open(&site.evidence(), JournalLimits::default()).unwrap();
    let mut written = Vec::new();
    for round in 0..5 {
        for number in 0..200 {
            let subject = format!("{round}-{number}");
            let event = Lifecycle {
                kind: LifecycleKind::Other("test".into()),
                subject: subject.clone(),
                detail: String::new(),
                bundle: None,
                gap: None,
            };
            let draft = Draft::new(0, "point-1", &Event::Lifecycle(event)).unwrap();
            journal.record(AuditClass::Required, &draft, &[]).unwrap();
            written.push(subject);
            // Somewhere in the middle of its work, each time at another place.
            if number == round * 40 {
                daemon.signal(Signal::KILL);
                daemon = site.start(Some("recorder"));
            }
        }
    }
    journal.close().unwrap();
    daemon.says("recorder", "keeps the log");
    daemon.signal(Signal::TERM);
    let (status, told) = daemon.ended();
    assert!(status.success(), "{told:#?}");

    let key = site.log_key.parse().unwrap();
    let report = aecp_evidence::verify(&site.evidence(), &key, None);
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    assert!(report.size >= 1_000, "{report:?}");
    let leaves = site::subjects(&site.evidence(), report.size);
    assert_eq!(
        leaves
            .iter()
            .filter(|subject| subject.contains('-'))
            .cloned()
            .collect::<Vec<_>>(),
        written
    );
}

#[test]
fn a_key_that_is_not_enrolled_signs_nothing() {
    let site = Site::new();
    let other = Site::new();
    std::fs::copy(
        other.folder.path().join("log.key"),
        site.folder.path().join("log.key"),
    )
    .unwrap();
    let (status, told) = site.start(Some("recorder")).ended();
    assert_eq!(status.code(), Some(1));
    let error = &told[place(&told, "is signed by")];
    assert!(
        error.contains("log.key") && error.contains("enrolment.dsse.json"),
        "{error}"
    );
    assert!(!site.evidence().join("checkpoint").exists());
}
