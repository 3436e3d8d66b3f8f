//! Several writers at once, and writers that die.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::process::{Child, Command};

use aecp_oci::{Layout, Limits, Revision, Store, media};
use common::{bundle_files, tag};

/// Names the folder to the copies of this program that the tests start as writers.
const FOLDER: &str = "AECP_OCI_TEST_FOLDER";

/// Names the writer.
const NAME: &str = "AECP_OCI_TEST_NAME";

/// How many bundles it pushes.
const COUNT: &str = "AECP_OCI_TEST_COUNT";

/// Not a test of its own: what a writer does that another test has started.
#[test]
fn writer() {
    let (Ok(folder), Ok(name), Ok(count)) =
        (std::env::var(FOLDER), std::env::var(NAME), std::env::var(COUNT))
    else {
        return;
    };
    let layout = Layout::open(folder).unwrap();
    for number in 0..count.parse::<u32>().unwrap() {
        let freshness = format!("fresh {number}");
        let pushed = layout
            .push_bundle(&tag(&name), &bundle_files(number), Some(freshness.as_bytes()))
            .unwrap();
        layout
            .tag(&tag(&format!("{name}-{number}")), &pushed.bundle.digest)
            .unwrap();
        layout
            .attach(
                &pushed.bundle.digest,
                media::IN_TOTO,
                format!("{name} {number}").as_bytes(),
            )
            .unwrap();
    }
}

fn start(layout: &Layout, name: &str, count: u32) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "writer", "--quiet"])
        .env(FOLDER, layout.path());
    command.env(NAME, name).env(COUNT, count.to_string());
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

#[test]
fn two_writers_lose_none_of_each_others_tags_and_signatures() {
    const COUNT: u32 = 15;
    let (_folder, layout) = common::layout();
    let writers = ["a", "b"].map(|name| start(&layout, name, COUNT));
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    for name in ["a", "b"] {
        for number in 0..COUNT {
            let digest = layout
                .resolve(&tag(&format!("{name}-{number}")).into())
                .unwrap()
                .digest;
            let found = layout
                .envelopes(&digest, media::IN_TOTO, &Limits::default())
                .unwrap();
            let wanted = format!("{name} {number}").into_bytes();
            assert!(
                found.iter().any(|envelope| envelope.bytes == wanted),
                "{name} {number}"
            );
        }
        let pulled = layout.pull_bundle(&tag(name), &Limits::default()).unwrap();
        assert_eq!(
            pulled.freshness,
            Some(format!("fresh {}", COUNT - 1).into_bytes())
        );
    }
}

#[test]
fn a_reader_beside_a_writer_sees_a_bundle_and_its_own_freshness() {
    let (_folder, layout) = common::layout();
    let mut writer = start(&layout, "a", 40);
    let mut seen = 0;
    while writer.try_wait().unwrap().is_none() {
        if layout.revision(&tag("a")).unwrap().is_none() {
            continue;
        }
        let pulled = layout.pull_bundle(&tag("a"), &Limits::default()).unwrap();
        let document = String::from_utf8(pulled.file("bundle.dsse.json").unwrap().to_vec()).unwrap();
        let freshness = String::from_utf8(pulled.freshness.unwrap()).unwrap();
        assert_eq!(document.strip_prefix("bundle "), freshness.strip_prefix("fresh "));
        seen += 1;
    }
    assert!(writer.wait().unwrap().success());
    assert!(seen > 0);
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_or_the_new_bundle_and_no_lock() {
    let (folder, layout) = common::layout();
    for round in 0..20_u32 {
        let before = layout.revision(&tag("a")).unwrap();
        let mut writer = start(&layout, "a", u32::MAX);
        // Each round lets the writer come further before it is killed in the middle of what it is doing.
        let mut changes = 0;
        let mut last = before;
        while changes < 1 + round % 5 {
            let now = layout.revision(&tag("a")).unwrap();
            if now != last {
                changes += 1;
                last = now;
            }
        }
        for _ in 0..round * 997 {
            std::hint::spin_loop();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let pulled = layout.pull_bundle(&tag("a"), &Limits::default()).unwrap();
        let Revision { bundle, freshness } = pulled.revision;
        assert_eq!(bundle, pulled.manifest);
        assert!(freshness.is_some());
        for (descriptor, _) in layout.entries().unwrap() {
            layout.fetch(&descriptor, 1 << 20).unwrap();
        }
        // The next writer is not kept waiting by the dead one, and clears away what it left.
        layout.renew_freshness(&tag("b"), b"fresh").unwrap();
        let left = folder.path().join(".tmp").read_dir().unwrap().count();
        assert_eq!(left, 0, "round {round}");
    }
}

/// Not a test of its own: stores more than it may.
#[test]
fn writer_without_room() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    if std::env::var(NAME).is_ok_and(|name| name == "full") {
        let layout = Layout::open(folder).unwrap();
        let error = layout.put_blob(media::NATIVE, &vec![7; 1 << 20]).unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
        let files = bundle_files(2);
        assert!(
            layout
                .push_bundle(&tag("a"), &files, Some(&vec![7; 1 << 20]))
                .is_err()
        );
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let (folder, layout) = common::layout();
    layout
        .push_bundle(&tag("a"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    let before = layout.pull_bundle(&tag("a"), &Limits::default()).unwrap();
    // A limit on the size of files is the full disk that every machine has; blocks are 512 bytes.
    let limited = "trap '' XFSZ; ulimit -f 256; exec \"$0\" --exact writer_without_room --quiet";
    let status = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, layout.path())
        .env(NAME, "full")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(layout.pull_bundle(&tag("a"), &Limits::default()).unwrap(), before);
    assert_eq!(folder.path().join(".tmp").read_dir().unwrap().count(), 0);
}
