//! The file format of a segment: a header, then frames, each of which shows by itself whether it is whole.
//!
//! Numbers are big-endian. Header, [`HEADER_BYTES`]: magic (8 bytes), writer (16), number of the segment (8), CRC-32C of
//! these (4). Frame, [`FRAME_BYTES`] and the payload: length of the payload (4), CRC-32C of the rest of the frame and of
//! the length (4), sequence (8), mark (1), payload. A writer fills segments 0, 1, 2, …; a file is made under another name
//! and only gets its own with the header in it, so a segment without a whole header was damaged later. Room is allocated
//! ahead, so zeros may follow the last frame; no frame begins with a byte run of zeros, because none is empty.
//!
//! The side store of personal values uses the same frames under another magic.

use std::path::Path;

use aecp_vocabulary::AuditClass;

use crate::leaf::{LEAF_LIMIT, Position, WriterId};

/// Bytes of a header.
pub const HEADER_BYTES: usize = 36;

/// Bytes of a frame without its payload.
pub const FRAME_BYTES: usize = 17;

/// The name of the folder of segments, inside the folder of the evidence.
pub const FOLDER: &str = "segments";

pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"AECPSEG1";
pub(crate) const PERSONAL_MAGIC: [u8; 8] = *b"AECPPER1";

/// Longest payload that a reader believes in: the side store's values are larger than leaves.
const PAYLOAD_LIMIT: usize = 64 << 20;

/// Which segment of which writer. Ordered by writer, then by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentId {
    /// Who writes it.
    pub writer: WriterId,
    /// Counted from 0.
    pub number: u64,
}

impl SegmentId {
    /// `<writer>-<number>.seg`.
    pub fn file_name(self) -> String {
        format!("{}-{:010}.seg", self.writer, self.number)
    }

    /// The segment with this file name; none for other names.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (writer, number) = name.strip_suffix(".seg")?.split_once('-')?;
        let id = Self {
            writer: writer.parse().ok()?,
            number: number.parse().ok()?,
        };
        (id.file_name() == name).then_some(id)
    }
}

/// The segments in a folder, in order. A folder that is not there has none; other files are passed over.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> std::io::Result<Vec<SegmentId>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        segments.extend(entry?.file_name().to_str().and_then(SegmentId::of_file_name));
    }
    segments.sort_unstable();
    Ok(segments)
}

pub(crate) fn header(magic: [u8; 8], id: SegmentId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend(magic);
    bytes.extend(id.writer.0);
    bytes.extend(id.number.to_be_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_be_bytes());
    bytes
}

/// Whether `bytes` begin with the header of `id`.
pub(crate) fn has_header(magic: [u8; 8], id: SegmentId, bytes: &[u8]) -> bool {
    bytes.starts_with(&header(magic, id))
}

/// The mark of a frame that holds a leaf.
pub(crate) fn mark_of(class: AuditClass) -> u8 {
    match class {
        AuditClass::Ordinary => 0,
        AuditClass::Required => 1,
        AuditClass::Durable => 2,
    }
}

/// Appends a frame to `buffer`.
pub(crate) fn push_frame(buffer: &mut Vec<u8>, sequence: u64, mark: u8, payload: &[u8]) {
    // Payloads are leaves or values, both far below 32 bits.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    buffer.reserve(payload.len().saturating_add(FRAME_BYTES));
    buffer.extend(length);
    buffer.extend(checksum(length, sequence, mark, payload).to_be_bytes());
    buffer.extend(sequence.to_be_bytes());
    buffer.push(mark);
    buffer.extend_from_slice(payload);
}

fn checksum(length: [u8; 4], sequence: u64, mark: u8, payload: &[u8]) -> u32 {
    let checksum = crc32c::crc32c(&length);
    let checksum = crc32c::crc32c_append(checksum, &sequence.to_be_bytes());
    let checksum = crc32c::crc32c_append(checksum, &[mark]);
    crc32c::crc32c_append(checksum, payload)
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Sequence of the leaf.
    pub sequence: u64,
    /// The audit class of a leaf, or the state of a personal value.
    pub mark: u8,
    /// What it holds.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Bytes in the file.
    pub fn size(&self) -> usize {
        self.payload.len().saturating_add(FRAME_BYTES)
    }

    /// Where the leaf of this frame stands among those of `writer`.
    pub fn position(&self, writer: WriterId) -> Position {
        Position {
            writer,
            sequence: self.sequence,
        }
    }
}

/// What stands at some place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A whole frame.
    Frame(Frame<'a>),
    /// The end: nothing, or nothing but zeros.
    End,
    /// Bytes that are no whole frame: one that is still being written, one that a crash cut off, or damage.
    Incomplete,
}

/// What stands at the beginning of `bytes`, which are the rest of a segment from some frame's beginning on.
pub fn next_frame(bytes: &[u8]) -> Next<'_> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Next::End;
    }
    match whole_frame(bytes) {
        Some((frame, checksum_found, length))
            if checksum(length, frame.sequence, frame.mark, frame.payload) == checksum_found =>
        {
            Next::Frame(frame)
        }
        _ => Next::Incomplete,
    }
}

/// A frame by its lengths alone, with the checksum that it claims and the bytes of its length.
pub(crate) fn whole_frame(bytes: &[u8]) -> Option<(Frame<'_>, u32, [u8; 4])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (mark, rest) = rest.split_first()?;
    let size = usize::try_from(u32::from_be_bytes(*length))
        .ok()
        .filter(|size| (1..=PAYLOAD_LIMIT).contains(size))?;
    let payload = rest.get(..size)?;
    let frame = Frame {
        sequence: u64::from_be_bytes(*sequence),
        mark: *mark,
        payload,
    };
    Some((frame, u32::from_be_bytes(*checksum), *length))
}

/// The most bytes that a frame with a leaf has.
pub const LEAF_FRAME_LIMIT: usize = LEAF_LIMIT + FRAME_BYTES;

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_no_others() {
        let id = SegmentId {
            writer: WriterId([0xab; 16]),
            number: 7,
        };
        assert_eq!(SegmentId::of_file_name(&id.file_name()), Some(id));
        for other in [
            "x.seg",
            "checkpoint",
            &id.file_name().to_uppercase(),
            &id.file_name().replace("-0", "-"),
        ] {
            assert_eq!(SegmentId::of_file_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_frame_with_any_byte_changed_or_missing_is_incomplete() {
        let mut bytes = Vec::new();
        push_frame(&mut bytes, 3, 1, b"payload");
        assert_eq!(
            next_frame(&bytes),
            Next::Frame(Frame {
                sequence: 3,
                mark: 1,
                payload: b"payload"
            })
        );
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert_eq!(next_frame(&changed), Next::Incomplete, "byte {at}");
            // The length of a short frame begins with zeros, which alone are the end.
            let cut = if at < 4 { Next::End } else { Next::Incomplete };
            assert_eq!(next_frame(&bytes[..at]), cut, "{at} bytes");
        }
        assert_eq!(next_frame(&[]), Next::End);
    }

    #[test]
    fn zeros_are_the_end_unless_something_follows_them() {
        assert_eq!(next_frame(&[0; 100]), Next::End);
        assert_eq!(whole_frame(&[0; 100]), None);
        let mut bytes = vec![0; 100];
        push_frame(&mut bytes, 3, 1, b"payload");
        assert_eq!(next_frame(&bytes), Next::Incomplete);
    }
}
