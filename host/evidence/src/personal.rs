//! The erasable side store: what commitments in evidence hide.
//!
//! `personal/<writer>-<number>.seg` runs beside the segment of the same name and is written before it, so a commitment
//! never stands in the log without its opening having been handed to the kernel first. It is no part of the signed log.
//!
//! What erasing can do: [`erase`] overwrites salt and value in place, also while the writer is at work, and syncs. After
//! that this file does not have them, and the commitment proves nothing about anyone. What it cannot do: reach copies
//! that others made: backups, snapshots of the file system, blocks that a copy-on-write file system or a flash disk
//! keeps after they are overwritten. Where that matters, the folder belongs on an encrypted volume whose key can be
//! destroyed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::cbor::{Malformed, Reader, Writer};
use crate::commitment::Opening;
use crate::leaf::{WriterId, read_value_at, write_value};
use crate::segment::{self, HEADER_BYTES, PERSONAL_MAGIC, SegmentId};

/// The name of the side store's folder, inside the folder of the evidence.
pub const FOLDER: &str = "personal";

pub(crate) const MARK_PRESENT: u8 = 0;
const MARK_ERASED: u8 = 0xff;

pub(crate) fn payload(opening: &Opening) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(3);
    writer.text(&opening.name);
    writer.bytes(&opening.salt);
    write_value(&mut writer, &opening.value);
    writer.into_bytes()
}

fn opening(payload: &[u8]) -> Result<Opening, Malformed> {
    let mut reader = Reader::new(payload);
    reader.array_of(3, "an opening that is not of three parts")?;
    let name = reader.text()?.to_owned();
    let salt = reader.bytes_of("a salt that is not 32 bytes")?;
    let value = read_value_at(&mut reader)?;
    reader.end()?;
    Ok(Opening { name, salt, value })
}

/// The openings that the side store still holds for one leaf, in the order in which they were written. What was erased,
/// torn or damaged is not among them.
///
/// # Errors
/// A file of the side store cannot be read.
pub fn openings(evidence: &Path, writer: WriterId, sequence: u64) -> io::Result<Vec<Opening>> {
    let mut found = Vec::new();
    each_frame_of(evidence, writer, sequence, |bytes, _, _| {
        if let segment::Next::Frame(frame) = segment::next_frame(bytes)
            && frame.mark == MARK_PRESENT
        {
            found.extend(opening(frame.payload).ok());
        }
        Ok(())
    })?;
    Ok(found)
}

/// Overwrites all openings of one leaf, and gives how many there were. A crash in the middle leaves a frame that no
/// reader takes for an opening; erasing again ends the work.
///
/// # Errors
/// A file of the side store cannot be read, written or synced. What was not synced may come back.
pub fn erase(evidence: &Path, writer: WriterId, sequence: u64) -> io::Result<u64> {
    let mut erased = 0_u64;
    each_frame_of(evidence, writer, sequence, |bytes, path, offset| {
        let Some((frame, _, _)) = segment::whole_frame(bytes) else {
            return Ok(());
        };
        if frame.mark == MARK_ERASED && matches!(segment::next_frame(bytes), segment::Next::Frame(_)) {
            return Ok(());
        }
        let mut empty = Vec::new();
        segment::push_frame(&mut empty, sequence, MARK_ERASED, &vec![0; frame.payload.len()]);
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(&empty, offset)?;
        file.sync_data()?;
        erased = erased.saturating_add(1);
        Ok(())
    })?;
    Ok(erased)
}

/// Calls `visit` with the bytes from each frame of `sequence` on, the file and the frame's offset in it.
fn each_frame_of(
    evidence: &Path,
    writer: WriterId,
    sequence: u64,
    mut visit: impl FnMut(&[u8], &Path, u64) -> io::Result<()>,
) -> io::Result<()> {
    let folder = evidence.join(FOLDER);
    for id in segment::list(&folder)?
        .into_iter()
        .filter(|id| id.writer == writer)
    {
        let path = folder.join(id.file_name());
        let bytes = read_store(&path, id)?;
        let mut offset = HEADER_BYTES;
        // By its lengths alone: a frame that a crash left half erased must not hide those behind it.
        while let Some(rest) = bytes.get(offset..)
            && let Some((frame, _, _)) = segment::whole_frame(rest)
        {
            if frame.sequence == sequence {
                visit(rest, &path, u64::try_from(offset).unwrap_or(u64::MAX))?;
            }
            offset = offset.saturating_add(frame.size());
        }
    }
    Ok(())
}

fn read_store(path: &Path, id: SegmentId) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut File::open(path)?, &mut bytes)?;
    if segment::has_header(PERSONAL_MAGIC, id, &bytes) {
        Ok(bytes)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("`{}` has no valid header", path.display()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::Value;

    use super::*;

    fn store(writer: WriterId, openings: &[(u64, Opening)]) -> tempfile::TempDir {
        let evidence = tempfile::tempdir().unwrap();
        let id = SegmentId { writer, number: 0 };
        let mut bytes = segment::header(PERSONAL_MAGIC, id);
        for (sequence, opening) in openings {
            segment::push_frame(&mut bytes, *sequence, MARK_PRESENT, &payload(opening));
        }
        std::fs::create_dir(evidence.path().join(FOLDER)).unwrap();
        std::fs::write(evidence.path().join(FOLDER).join(id.file_name()), bytes).unwrap();
        evidence
    }

    fn person(name: &str) -> Opening {
        Opening::new("identity.mail", Value::Text(name.into())).unwrap()
    }

    #[test]
    fn erasing_removes_the_values_of_one_leaf_and_keeps_the_others() {
        let writer = WriterId([1; 16]);
        let (alice, bob) = (person("alice@example.org"), person("bob@example.org"));
        let evidence = store(
            writer,
            &[(4, alice.clone()), (5, bob.clone()), (4, alice.clone())],
        );
        assert_eq!(
            openings(evidence.path(), writer, 4).unwrap(),
            [alice.clone(), alice]
        );

        assert_eq!(erase(evidence.path(), writer, 4).unwrap(), 2);
        assert_eq!(openings(evidence.path(), writer, 4).unwrap(), []);
        assert_eq!(openings(evidence.path(), writer, 5).unwrap(), [bob]);
        assert_eq!(erase(evidence.path(), writer, 4).unwrap(), 0);

        let file = evidence
            .path()
            .join(FOLDER)
            .join(SegmentId { writer, number: 0 }.file_name());
        let left = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        assert!(!left.contains("alice") && left.contains("bob"));
    }

    #[test]
    fn a_half_erased_value_is_no_opening_and_hides_nothing() {
        let writer = WriterId([1; 16]);
        let evidence = store(writer, &[(4, person("alice")), (5, person("bob"))]);
        let file = evidence
            .path()
            .join(FOLDER)
            .join(SegmentId { writer, number: 0 }.file_name());
        let handle = OpenOptions::new().write(true).open(file).unwrap();
        let begin = u64::try_from(HEADER_BYTES + segment::FRAME_BYTES).unwrap();
        handle.write_all_at(&[0; 20], begin).unwrap();
        assert_eq!(openings(evidence.path(), writer, 4).unwrap(), []);
        assert_eq!(openings(evidence.path(), writer, 5).unwrap().len(), 1);
        assert_eq!(erase(evidence.path(), writer, 4).unwrap(), 1);
    }
}
