use super::super::observed::{NotReady, Refused};
use super::*;
use serde_json::json;

fn released() -> Release {
    let bundle: Bundle = serde_json::from_value(json!({
        "name": "edge",
        "epoch": 5,
        "not_before": "2029-12-31T23:55:00Z",
        "not_after": "2030-02-01T00:00:00Z",
        "trust_root_version": 1,
        "policies": [{
            "component": { "digest": Digest::of(b"1"), "size": 1 },
            "packages": [
                { "name": "a", "version": "1.0.0", "ceiling": "BLOCKING" },
                { "name": "b", "version": "2.0.0", "ceiling": "ADVISORY" },
            ],
        }],
    }))
    .unwrap();
    Release {
        bundle,
        digest: Digest::of(b"released"),
        manifest: Digest::of(b"manifest"),
        holds_by: 1,
        signers: Vec::new(),
    }
}

fn running(digest: &[u8], epoch: u64) -> Running {
    Running {
        digest: Digest::of(digest),
        epoch,
        since: "2030-01-01T00:00:10Z".parse().unwrap(),
        fresh_until: Some("off".into()),
        profile: Profile::Standard,
        packages: None,
    }
}

fn observed(running: Option<Running>) -> Observed {
    Observed {
        name: "p".into(),
        running,
        refused: None,
        not_ready: None,
        trust_root: 1,
        source: Source::Admin,
    }
}

fn judged(observed: Result<Observed, String>) -> Judged {
    let release = released();
    let target = Target {
        tag: "edge",
        release: &release,
    };
    judge("p", observed, &target, "2030-01-01T00:01:00Z".parse().unwrap())
}

#[test]
fn the_released_bundle_is_no_drift_and_has_the_level_of_its_weakest_package() {
    let judged = judged(Ok(observed(Some(running(b"released", 5)))));
    assert_eq!((judged.state, judged.drift), (State::Current, false));
    assert_eq!(judged.lag, None);
    assert_eq!(judged.level, Some(Level::Advisory));
    assert_eq!(judged.packages.len(), 2);
}

#[test]
fn everything_else_drifts_and_says_how() {
    let refusing = |code: &str| {
        Some(Refused {
            offered: Digest::of(b"released"),
            code: code.into(),
            reason: "for a test".into(),
        })
    };
    let denying = Some(NotReady {
        denial: "freshness_expired".into(),
        reason: "it has ended".into(),
    });
    let cases = [
        (observed(None), State::Nothing, ""),
        (observed(Some(running(b"old", 3))), State::Lagging, ""),
        (observed(Some(running(b"new", 6))), State::Ahead, ""),
        (observed(Some(running(b"other", 5))), State::Forked, ""),
        (
            Observed {
                refused: refusing("component_bytes"),
                ..observed(Some(running(b"old", 4)))
            },
            State::Refused,
            "component_bytes",
        ),
        (
            Observed {
                not_ready: denying.clone(),
                ..observed(Some(running(b"released", 5)))
            },
            State::NotReady,
            "freshness_expired",
        ),
        (
            Observed {
                name: "q".into(),
                ..observed(Some(running(b"released", 5)))
            },
            State::OtherPoint,
            "`q`",
        ),
    ];
    for (observed, state, detail) in cases {
        let judged = judged(Ok(observed));
        assert_eq!((judged.state, judged.drift), (state, true));
        assert!(judged.detail.unwrap_or_default().contains(detail), "{state:?}");
    }
    let judged = judged(Err("cannot connect".into()));
    assert_eq!((judged.state, judged.drift), (State::Unreachable, true));
}

#[test]
fn a_lag_is_in_epochs_and_in_seconds_since_the_release() {
    let judged = judged(Ok(observed(Some(running(b"old", 3)))));
    let lag = judged.lag.unwrap();
    // A bundle begins to hold five minutes before it is made.
    assert_eq!((lag.epochs, lag.seconds), (Some(2), 60));
}

#[test]
fn a_refusal_that_was_got_over_is_none() {
    let observed = Observed {
        refused: Some(Refused {
            offered: Digest::of(b"something"),
            code: "rollback".into(),
            reason: "older".into(),
        }),
        ..observed(Some(running(b"released", 5)))
    };
    assert_eq!(judged(Ok(observed)).state, State::Current);
}
