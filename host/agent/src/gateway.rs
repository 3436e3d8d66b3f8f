//! The offer and the answer, over a Unix socket.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use aecp_trust::handover::{Answer, MESSAGE_LIMIT, Offer};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use crate::error::AgentError;

/// How long the gateway may take to verify and load a bundle: 60 s.
pub const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Which run of the gateway a socket belongs to. A gateway that starts makes its socket anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Run {
    /// The run that made this socket; none if there is no socket.
    pub fn of(socket: &Path) -> Option<Self> {
        let found = std::fs::metadata(socket).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// Offers a bundle and waits for the answer.
///
/// # Errors
/// [`AgentError::Gateway`], [`AgentError::NoAnswer`], [`AgentError::Answer`].
pub async fn offer(socket: &Path, offer: &Offer) -> Result<Answer, AgentError> {
    let failed = |action| {
        move |error: io::Error| AgentError::Gateway {
            action,
            socket: socket.to_owned(),
            error,
        }
    };
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await.map_err(failed("connect to"))?;
        stream
            .write_all(offer.to_line().as_bytes())
            .await
            .map_err(failed("write to"))?;
        let limit = u64::try_from(MESSAGE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
        let mut line = String::new();
        let mut reader = BufReader::new((&mut stream).take(limit));
        reader.read_line(&mut line).await.map_err(failed("read from"))?;
        if line.is_empty() {
            return Err(failed("read from")(io::ErrorKind::UnexpectedEof.into()));
        }
        Answer::from_line(&line).map_err(|error| AgentError::Answer {
            socket: socket.to_owned(),
            error,
        })
    };
    match tokio::time::timeout(ANSWER_TIME, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(AgentError::NoAnswer {
            socket: socket.to_owned(),
            seconds: ANSWER_TIME.as_secs(),
        }),
    }
}
