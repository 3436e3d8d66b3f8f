//! What one step adds to the log: read out of segments, checked, in a fixed order.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::state::{Cursor, State};
use super::{RecorderError, io_error};
use crate::leaf::{Draft, Event, Gap, Leaf, Lifecycle, LifecycleKind, Position, WriterId};
use crate::segment::{self, Frame, HEADER_BYTES, LEAF_FRAME_LIMIT, Next, SEGMENT_MAGIC, SegmentId};

/// Leaves that the log will gain, and the state that goes with them.
pub(super) struct Batch<'a> {
    pub(super) state: State,
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) announced: Vec<Lifecycle>,
    bytes: usize,
    /// Some segment was not read to its end.
    more: bool,
    origin: &'a str,
    now: i64,
}

/// The unread rest of a segment.
struct Rest {
    bytes: Vec<u8>,
    /// Whether the writer is done with the segment.
    ended: bool,
    /// Whether `bytes` goes up to the end of the file.
    whole: bool,
    /// Bytes of the file.
    file: u64,
}

impl<'a> Batch<'a> {
    pub(super) fn new(state: State, origin: &'a str, now: i64) -> Self {
        Self {
            state,
            leaves: Vec::new(),
            announced: Vec::new(),
            bytes: 0,
            more: false,
            origin,
            now,
        }
    }

    /// Adds a leaf of the recorder's own.
    pub(super) fn announce(&mut self, event: Lifecycle) -> Result<(), RecorderError> {
        let position = Position {
            writer: self.state.recorder,
            sequence: self.state.recorder_next,
        };
        let leaf = Draft::new(self.now, self.origin, &Event::Lifecycle(event.clone()))?.at(position);
        self.state.recorder_next = self.state.recorder_next.saturating_add(1);
        self.push(leaf);
        self.announced.push(event);
        Ok(())
    }

    fn push(&mut self, leaf: Vec<u8>) {
        self.bytes = self.bytes.saturating_add(leaf.len());
        self.leaves.push(leaf);
    }

    /// Reads on in every segment, until about `most` bytes are gathered. Gives whether there is more.
    pub(super) fn gather(&mut self, folder: &Path, most: usize) -> Result<bool, RecorderError> {
        let present = segment::list(folder).map_err(io_error("read", folder))?;
        self.miss(&present)?;
        for id in present {
            if self.bytes >= most {
                return Ok(true);
            }
            let name = id.file_name();
            let cursor = self.state.segments.get(&name).copied().unwrap_or_default();
            if !cursor.ended {
                let after = self.read_on(folder, id, cursor, most)?;
                self.state.segments.insert(name, after);
            }
        }
        Ok(self.more || self.bytes >= most)
    }

    /// Announces segments that were being read and are gone; forgets those that were done.
    fn miss(&mut self, present: &[SegmentId]) -> Result<(), RecorderError> {
        let names: std::collections::BTreeSet<_> = present.iter().map(|id| id.file_name()).collect();
        let gone: Vec<_> = self
            .state
            .segments
            .keys()
            .filter(|name| !names.contains(name.as_str()))
            .cloned()
            .collect();
        for name in gone {
            if let Some(Cursor { ended: false, .. }) = self.state.segments.remove(&name) {
                let detail = "the segment was removed before all of it was in the log";
                self.announce(event(LifecycleKind::SegmentLost, name, detail, None))?;
            }
        }
        Ok(())
    }

    fn read_on(
        &mut self,
        folder: &Path,
        id: SegmentId,
        cursor: Cursor,
        most: usize,
    ) -> Result<Cursor, RecorderError> {
        let path = folder.join(id.file_name());
        let room = most
            .saturating_sub(self.bytes)
            .max(LEAF_FRAME_LIMIT)
            .saturating_add(LEAF_FRAME_LIMIT);
        let rest = read_rest(&path, cursor.offset, room).map_err(io_error("read", &path))?;
        let mut offset = 0;
        if cursor.offset == 0 {
            if !segment::has_header(SEGMENT_MAGIC, id, &rest.bytes) {
                if !rest.ended {
                    return Ok(cursor);
                }
                let detail = "the segment has no valid header";
                self.announce(event(LifecycleKind::SegmentLost, id.file_name(), detail, None))?;
                return Ok(Cursor {
                    offset: 0,
                    ended: true,
                });
            }
            offset = HEADER_BYTES;
        }
        let mut ended = false;
        while self.bytes < most {
            let unread = rest.bytes.get(offset..).unwrap_or_default();
            // With the rest of the file at hand, or room for any frame, more bytes would not change what stands here.
            let settled = rest.ended && (rest.whole || unread.len() >= LEAF_FRAME_LIMIT);
            match segment::next_frame(unread) {
                Next::Frame(frame) => {
                    self.merge(id, frame)?;
                    offset = offset.saturating_add(frame.size());
                    continue;
                }
                Next::End if rest.whole => ended = settled,
                Next::End | Next::Incomplete if settled => {
                    let bytes = if rest.whole {
                        let last = unread.iter().rposition(|byte| *byte != 0);
                        last.map_or(0, |last| length(last).saturating_add(1))
                    } else {
                        rest.file
                            .saturating_sub(cursor.offset.saturating_add(length(offset)))
                    };
                    let detail = format!("{bytes} bytes behind the last whole frame are lost");
                    self.announce(event(
                        LifecycleKind::SegmentRecovered,
                        id.file_name(),
                        &detail,
                        None,
                    ))?;
                    ended = true;
                }
                // A live writer may be in the middle of it, or the next step reads the rest.
                Next::End | Next::Incomplete => {}
            }
            break;
        }
        // Without progress, the next step would find the same.
        self.more |= !rest.whole && !ended && offset > 0;
        Ok(Cursor {
            offset: cursor.offset.saturating_add(length(offset)),
            ended,
        })
    }

    fn merge(&mut self, id: SegmentId, frame: Frame<'_>) -> Result<(), RecorderError> {
        let writer = id.writer;
        let expected = self.state.writers.get(&writer).copied().unwrap_or(0);
        if writer == self.state.recorder || frame.sequence < expected {
            let detail = format!(
                "frame {} is there twice, or is not its writer's to write",
                frame.sequence
            );
            return self.announce(event(LifecycleKind::LeafRefused, id.file_name(), &detail, None));
        }
        if frame.sequence > expected {
            let gap = Gap {
                writer,
                first: expected,
                next: frame.sequence,
            };
            let detail = format!("leaves {expected} to before {} are missing", frame.sequence);
            self.announce(event(
                LifecycleKind::SequenceGap,
                id.file_name(),
                &detail,
                Some(gap),
            ))?;
        }
        let next = frame.sequence.saturating_add(1);
        self.state.writers.insert(writer, next);
        match objection(writer, frame) {
            None => self.push(frame.payload.to_vec()),
            Some(why) => {
                let hash = hex::encode(Sha256::digest(frame.payload));
                let detail = format!("{why}; SHA-256 of the {} bytes: {hash}", frame.payload.len());
                let gap = Gap {
                    writer,
                    first: frame.sequence,
                    next,
                };
                self.announce(event(
                    LifecycleKind::LeafRefused,
                    id.file_name(),
                    &detail,
                    Some(gap),
                ))?;
            }
        }
        Ok(())
    }
}

/// Why the payload of a frame does not belong into the log.
fn objection(writer: WriterId, frame: Frame<'_>) -> Option<String> {
    let leaf = match Leaf::decode(frame.payload) {
        Ok(leaf) => leaf,
        Err(error) => return Some(error.to_string()),
    };
    if leaf.position != frame.position(writer) {
        return Some(format!("the leaf says that it is {}", leaf.position));
    }
    match leaf.event {
        Event::Lifecycle(Lifecycle { gap: Some(_), .. }) => Some("only the recorder announces gaps".into()),
        _ => None,
    }
}

fn event(kind: LifecycleKind, subject: String, detail: &str, gap: Option<Gap>) -> Lifecycle {
    Lifecycle {
        kind,
        subject,
        detail: detail.to_owned(),
        bundle: None,
        gap,
    }
}

fn read_rest(path: &Path, offset: u64, most: usize) -> io::Result<Rest> {
    let mut file = File::open(path)?;
    // First whether the writer is done, then its bytes: the other way round, some could come in between.
    let ended = writer_is_done(&file)?;
    let length_of_file = file.metadata()?.len();
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    let read = file.take(length(most)).read_to_end(&mut bytes)?;
    Ok(Rest {
        bytes,
        ended,
        whole: read < most,
        file: length_of_file,
    })
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// A writer locks its segment for as long as it writes to it; the lock goes with the process.
pub(crate) fn writer_is_done(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}
