#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use super::*;

const GATE: &str = "PACKAGE gate { VERSION: \"1.0.0\" DEFAULT: ALLOW }
    SCHEMA { resource.type: TEXT }
    DATA free FROM \"lists/free.txt\" : TEXT
    POLICY records_only {
      SCOPE: requests WHERE resource.type != \"leaflet\"
      CONSTRAINT: resource.type == \"record\" ENFORCEMENT: BLOCKING
    }";

fn checked(files: &[(&str, &str)]) -> (PackageFolder, Checked) {
    let files = files.iter().map(|(name, text)| SourceFile::new(*name, *text));
    let folder = PackageFolder {
        path: PathBuf::from("gate"),
        files: files.collect(),
    };
    let checked = folder.check();
    (folder, checked)
}

fn gate() -> (PackageFolder, Checked) {
    let text = GATE.replace("DATA free FROM \"lists/free.txt\" : TEXT", "");
    let gate = checked(&[("gate.aecp", &text)]);
    assert!(gate.1.package.is_some(), "{:?}", gate.1.diagnostics);
    gate
}

/// An archive of these entries, however wrong.
fn archive(entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(1);
        header.set_mode(0o644);
        // The builder itself refuses names that lead away, so they are written past it.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, b"x".as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn an_archive_is_the_same_whoever_makes_it_and_comes_back() {
    let sources = [gate(), gate()];
    let packed = pack(&sources).unwrap();
    assert_eq!(packed, pack(&[gate(), gate()]).unwrap());
    let unpacked = unpack(&packed).unwrap();
    assert_eq!(unpacked.len(), 2);
    assert_eq!(unpacked[1].path, PathBuf::from("gate"));
    assert_eq!(unpacked[1].files, sources[1].0.files);
    assert!(is_archive_of(&packed, &sources));
    let mut longer = packed.clone();
    longer.extend([0; 512]);
    assert!(!is_archive_of(&longer, &sources), "zeros behind the end");
    assert!(!is_archive_of(&packed, &[gate()]));
}

#[test]
fn imports_and_lists_are_in_it_where_a_build_finds_them() {
    let (mut folder, checked) = gate();
    folder
        .files
        .push(SourceFile::new("../common/schema.aecp", "# nothing"));
    folder.files.push(SourceFile::new("lists/free.txt", "leaflet\n"));
    let packed = pack(&[(folder, checked)]).unwrap();
    let mut names: Vec<String> = Vec::new();
    for entry in tar::Archive::new(packed.as_slice()).entries().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 0);
        names.push(entry.path().unwrap().display().to_string());
    }
    assert_eq!(
        names,
        [
            "1/common/schema.aecp",
            "1/gate.package/gate.aecp",
            "1/gate.package/lists/free.txt"
        ]
    );
    let unpacked = unpack(&packed).unwrap();
    let names: Vec<&str> = unpacked[0].files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["../common/schema.aecp", "gate.aecp", "lists/free.txt"]);
}

#[test]
fn names_that_lead_away_and_other_kinds_of_entries_are_refused() {
    for name in [
        "/etc/passwd",
        "../x.aecp",
        "1/../x.aecp",
        "1/x.aecp",
        "0/gate.package/x.aecp",
        "01/gate.package/x.aecp",
        "1/gate.package/../x.aecp",
        "1/gate.package/../../x.txt",
        "1/gate.package//x.txt",
        "1/gate.package/./x.txt",
        "1/gate.package/c:x.txt",
        "1/gate.package/a\\b.aecp",
        "1/.package/x.aecp",
        "1/...package/x.aecp",
        "1/common/list.txt",
        "1/common/deeper/x.aecp",
        "1/com mon/x.aecp",
        "x",
    ] {
        let error = unpack(&archive(&[(name, tar::EntryType::Regular)]))
            .map(drop)
            .unwrap_err();
        assert!(error.contains("refused"), "{name}: {error}");
    }
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
        tar::EntryType::Char,
        tar::EntryType::Directory,
        tar::EntryType::Continuous,
    ] {
        let error = unpack(&archive(&[("1/gate.package/x.aecp", kind)]))
            .map(drop)
            .unwrap_err();
        assert!(error.contains("not a regular file"), "{kind:?}: {error}");
    }
    let twice = [("1/gate.package/x.aecp", tar::EntryType::Regular); 2];
    assert!(unpack(&archive(&twice)).map(drop).unwrap_err().contains("twice"));
    assert!(unpack(b"").map(drop).unwrap_err().contains("no files"));
    assert!(unpack(&[b'x'; 1_024]).is_err());
    let whole = pack(&[gate()]).unwrap();
    assert!(unpack(&whole[..600]).is_err(), "a file that is cut off");
}
