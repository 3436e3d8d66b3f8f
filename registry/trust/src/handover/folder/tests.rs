use super::*;
use crate::handover::Limits;
use aecp_vocabulary::digest::Digest;

fn delivery() -> Delivery {
    let mut delivery = Delivery {
        bundle: b"bundle".to_vec(),
        freshness: b"freshness".to_vec(),
        ..Delivery::default()
    };
    let component = delivery.add_blob(b"component".to_vec());
    delivery.add_blob(b"native".to_vec());
    delivery.attestations.insert(component, b"attestation".to_vec());
    delivery.reviews = [
        ((component, 0), b"review".to_vec()),
        ((component, 12), b"another".to_vec()),
    ]
    .into();
    delivery.roots = [(2, b"root".to_vec()), (10, b"later root".to_vec())].into();
    delivery
}

fn written() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("7");
    delivery().write(&path).unwrap();
    (place, path)
}

#[test]
fn what_is_written_is_read() {
    let (place, path) = written();
    assert_eq!(Delivery::read(&path, &Limits::default()).unwrap(), delivery());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn nothing_is_written_over() {
    let (place, path) = written();
    let another = Delivery {
        bundle: b"another".to_vec(),
        ..delivery()
    };
    assert!(matches!(another.write(&path), Err(HandoverError::Exists { .. })));
    assert_eq!(Delivery::read(&path, &Limits::default()).unwrap(), delivery());
    std::fs::write(place.path().join("file"), b"").unwrap();
    assert!(matches!(
        another.write(&place.path().join("file")),
        Err(HandoverError::Exists { .. })
    ));
    let nowhere = place.path().join("nowhere").join("7");
    assert!(
        another
            .write(&nowhere)
            .unwrap_err()
            .to_string()
            .contains("nowhere")
    );
}

#[test]
fn what_a_crash_left_behind_is_in_nobodys_way() {
    let (place, path) = written();
    let next = path.with_file_name("8");
    let left = place.path().join(format!(".8.{}.part", std::process::id()));
    std::fs::create_dir_all(left.join(BLOBS)).unwrap();
    delivery().write(&next).unwrap();
    assert_eq!(Delivery::read(&next, &Limits::default()).unwrap(), delivery());
}

#[test]
fn other_files_are_left_alone() {
    let (_place, path) = written();
    std::fs::write(path.join("notes.txt"), b"x").unwrap();
    std::fs::write(path.join(BLOBS).join("notes.txt"), b"x").unwrap();
    assert_eq!(Delivery::read(&path, &Limits::default()).unwrap(), delivery());
}

#[test]
fn a_missing_part_is_named() {
    for part in [BUNDLE_FILE, FRESHNESS_FILE, ATTESTATIONS, BLOBS] {
        let (_place, path) = written();
        let gone = path.join(part);
        if gone.is_dir() {
            std::fs::remove_dir_all(gone)
        } else {
            std::fs::remove_file(gone)
        }
        .unwrap();
        let error = Delivery::read(&path, &Limits::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn links_pipes_and_folders_are_no_files() {
    let blob = Digest::of(b"component").hex();
    let (place, path) = written();
    let blob = path.join(BLOBS).join(blob);
    let outside = place.path().join("outside");
    std::fs::rename(&blob, &outside).unwrap();
    let refused = || {
        matches!(
            Delivery::read(&path, &Limits::default()),
            Err(HandoverError::NotAFile { .. })
        )
    };
    std::os::unix::fs::symlink(&outside, &blob).unwrap();
    assert!(refused());
    std::fs::remove_file(&blob).unwrap();
    std::fs::create_dir(&blob).unwrap();
    assert!(refused());
    std::fs::remove_dir(&blob).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &blob, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert!(refused());
    std::fs::remove_file(&blob).unwrap();
    std::fs::rename(path.join(BLOBS), place.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path().join("elsewhere"), path.join(BLOBS)).unwrap();
    assert!(Delivery::read(&path, &Limits::default()).is_err());
}

#[test]
fn limits_hold() {
    let (_place, path) = written();
    let all: usize = 6 + 9 + 11 + 6 + 7 + 9 + 6 + 4 + 10;
    let total = u64::try_from(all).unwrap();
    let exact = Limits {
        envelope: 11,
        blob: 9,
        total,
        files: 2,
    };
    assert!(Delivery::read(&path, &exact).is_ok());
    for limits in [
        Limits {
            envelope: 10,
            ..exact.clone()
        },
        Limits {
            blob: 8,
            ..exact.clone()
        },
        Limits {
            total: total - 1,
            ..exact.clone()
        },
    ] {
        assert!(
            matches!(
                Delivery::read(&path, &limits),
                Err(HandoverError::TooLarge { .. })
            ),
            "{limits:?}"
        );
    }
    let few = Limits { files: 1, ..exact };
    assert!(matches!(
        Delivery::read(&path, &few),
        Err(HandoverError::TooMany { .. })
    ));
}
