//! Leaves for people, filtered. Nothing is verified here: that is [`mod@crate::verify`]'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use aecp_vocabulary::Verdict;
use serde_json::Value as Json;

use crate::checkpoint::{self, CheckpointError};
use crate::leaf::{Event, Intent, Leaf, LeafError, Position, WriterId, time_text};
use crate::merkle::tile::{TILE_WIDTH, place};
use crate::merkle::{TileError, Tiles};
use crate::segment::{self, HEADER_BYTES, Next, SEGMENT_MAGIC};

/// Which leaves to show. An OUTCOME is shown if its INTENT is; a LIFECYCLE leaf, unless there is a filter on requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only requests decided so.
    pub verdict: Option<Verdict>,
    /// Only requests with this policy id, or a finding of this `policy` or `package.policy`.
    pub policy: Option<String>,
    /// Only leaves from this time on, in nanoseconds since 1970.
    pub since: Option<i64>,
    /// Only this request.
    pub request_id: Option<String>,
}

impl Filter {
    fn is_about_requests(&self) -> bool {
        self.verdict.is_some() || self.policy.is_some() || self.request_id.is_some()
    }

    fn takes(&self, intent: &Intent) -> bool {
        let policy = |wanted: &String| {
            intent.policy_id == *wanted
                || intent.findings.iter().any(|finding| {
                    finding.policy == wanted.as_str() || crate::leaf::policy_id(finding) == *wanted
                })
        };
        self.verdict.is_none_or(|verdict| intent.verdict == verdict)
            && self.policy.as_ref().is_none_or(policy)
            && self
                .request_id
                .as_ref()
                .is_none_or(|wanted| intent.request_id == *wanted)
    }
}

/// Why the leaves cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The checkpoint says no size.
    #[error("`checkpoint`: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// An entry bundle is not what it must be.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// An entry is no leaf.
    #[error("leaf {place}: {source}")]
    Leaf {
        /// Its index in the log, or its place in a segment.
        place: String,
        /// Why it is none.
        source: LeafError,
    },
}

/// One leaf, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its index in the log; none if it is not under a checkpoint yet.
    pub index: Option<u64>,
    /// The leaf.
    pub leaf: Leaf,
}

impl Shown {
    /// The leaf as JSON, with its `index`.
    pub fn to_json(&self) -> Json {
        let mut json = self.leaf.to_json();
        if let Json::Object(object) = &mut json {
            object.insert("index".to_owned(), self.index.into());
        }
        json
    }

    /// The leaf in one line. What came from outside is escaped, so it stays one line.
    pub fn line(&self) -> String {
        let index = self
            .index
            .map_or_else(|| "-".to_owned(), |index| index.to_string());
        let what = match &self.leaf.event {
            Event::Intent(intent) => {
                let mut what = format!("INTENT {} {}", intent.verdict.name(), intent.request_id);
                for more in [
                    intent.route.as_deref().unwrap_or_default(),
                    &intent.policy_id,
                    &intent.reason,
                ] {
                    if !more.is_empty() {
                        what.push_str(&format!("  {more}"));
                    }
                }
                what
            }
            Event::Outcome(outcome) => {
                let status = outcome
                    .status
                    .map_or_else(|| "-".to_owned(), |status| status.to_string());
                let micros = outcome.duration.checked_div(1_000).unwrap_or_default();
                let of = outcome.intent.sequence;
                format!(
                    "OUTCOME {} of #{of}  status {status}  {micros} us  {}",
                    outcome.result.name(),
                    outcome.detail
                )
            }
            Event::Lifecycle(lifecycle) => {
                format!(
                    "LIFECYCLE {} {}  {}",
                    lifecycle.kind.name(),
                    lifecycle.subject,
                    lifecycle.detail
                )
            }
        };
        let writer: String = self.leaf.position.writer.to_string().chars().take(8).collect();
        let line = format!(
            "{index:>8}  {}  {writer}#{}  {what}",
            time_text(self.leaf.time),
            self.leaf.position.sequence
        );
        let shown = line.trim_end().chars().map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.into()
            }
        });
        shown.collect()
    }
}

/// Leaves in the order of the log; then, if asked for, those that no checkpoint covers yet.
pub struct Leaves {
    evidence: PathBuf,
    tiles: Tiles,
    filter: Filter,
    size: u64,
    next: u64,
    tail: bool,
    waiting: VecDeque<(Option<u64>, Result<Leaf, ShowError>)>,
    writers: BTreeMap<WriterId, u64>,
    shown_intents: BTreeSet<Position>,
}

/// The leaves in `evidence` that `filter` takes, with those not yet signed if `tail`.
///
/// # Errors
/// The checkpoint cannot be read. Without one, there are only unsigned leaves.
pub fn leaves(evidence: &Path, filter: Filter, tail: bool) -> Result<Leaves, ShowError> {
    let path = evidence.join(checkpoint::FILE);
    let size = match std::fs::read_to_string(&path) {
        Ok(note) => checkpoint::read_unverified(&note)?.size,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(source) => return Err(ShowError::Unreadable { path, source }),
    };
    Ok(Leaves {
        evidence: evidence.to_owned(),
        tiles: Tiles::new(evidence),
        filter,
        size,
        next: 0,
        tail,
        waiting: VecDeque::new(),
        writers: BTreeMap::new(),
        shown_intents: BTreeSet::new(),
    })
}

impl Iterator for Leaves {
    type Item = Result<Shown, ShowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((index, leaf)) = self.waiting.pop_front() {
                match leaf {
                    Ok(leaf) if self.takes(&leaf) => return Some(Ok(Shown { index, leaf })),
                    Ok(_) => continue,
                    Err(error) => return Some(Err(error)),
                }
            }
            let filled = if self.next < self.size {
                self.fill_from_bundle()
            } else if std::mem::take(&mut self.tail) {
                self.fill_from_segments()
            } else {
                return None;
            };
            if let Err(error) = filled {
                // Nothing behind a place that cannot be read.
                self.next = self.size;
                self.tail = false;
                return Some(Err(error));
            }
        }
    }
}

impl Leaves {
    fn takes(&mut self, leaf: &Leaf) -> bool {
        let chosen = match &leaf.event {
            Event::Intent(intent) => {
                let chosen = self.filter.takes(intent);
                if chosen && intent.verdict == Verdict::Allow {
                    self.shown_intents.insert(leaf.position);
                }
                chosen
            }
            Event::Outcome(outcome) => {
                self.shown_intents.remove(&outcome.intent) || !self.filter.is_about_requests()
            }
            Event::Lifecycle(_) => !self.filter.is_about_requests(),
        };
        chosen && self.filter.since.is_none_or(|since| leaf.time >= since)
    }

    fn fill_from_bundle(&mut self) -> Result<(), ShowError> {
        let (index, _) = place(self.next);
        let width = usize::try_from(self.size.saturating_sub(self.next))
            .unwrap_or(TILE_WIDTH)
            .min(TILE_WIDTH);
        for entry in self.tiles.entries(index, width)? {
            let leaf = Leaf::decode(&entry);
            if let Ok(leaf) = &leaf {
                self.writers
                    .insert(leaf.position.writer, leaf.position.sequence.saturating_add(1));
            }
            let number = self.next;
            let leaf = leaf.map_err(|source| ShowError::Leaf {
                place: number.to_string(),
                source,
            });
            self.waiting.push_back((Some(number), leaf));
            self.next = self.next.saturating_add(1);
        }
        Ok(())
    }

    fn fill_from_segments(&mut self) -> Result<(), ShowError> {
        let folder = self.evidence.join(segment::FOLDER);
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| ShowError::Unreadable { path, source }
        };
        for id in segment::list(&folder).map_err(unreadable(&folder))? {
            let path = folder.join(id.file_name());
            let bytes = match std::fs::read(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                bytes => bytes.map_err(unreadable(&path))?,
            };
            if !segment::has_header(SEGMENT_MAGIC, id, &bytes) {
                continue;
            }
            let known = self.writers.get(&id.writer).copied().unwrap_or(0);
            let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
            while let Next::Frame(frame) = segment::next_frame(rest) {
                if frame.sequence >= known {
                    let place = || frame.position(id.writer).to_string();
                    let leaf = Leaf::decode(frame.payload).map_err(|source| ShowError::Leaf {
                        place: place(),
                        source,
                    });
                    self.waiting.push_back((None, leaf));
                }
                rest = rest.get(frame.size()..).unwrap_or_default();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
