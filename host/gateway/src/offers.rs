//! The Unix socket on which the agent offers bundles: one line each way, as [`aecp_trust::handover`] defines them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aecp_trust::handover::{Answer, MESSAGE_LIMIT, Offer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::shutdown::Shutdown;
use crate::state::Activation;

/// Most connections of agents at a time. There is one agent.
const CONNECTIONS: usize = 8;

/// How long a line may take once the agent has begun it, or has not read the answer.
const LINE_TIMEOUT: Duration = Duration::from_secs(10);

/// Binds a Unix socket, also over one that a process before has left. Only the group of the process may connect.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it is there and no socket",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// Answers offers until shutdown begins.
pub(crate) async fn serve(listener: UnixListener, activation: Arc<Activation>, mut shutdown: Shutdown) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.began() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, or the other side is gone already; neither gets better by asking at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (activation, mut shutdown) = (Arc::clone(&activation), shutdown.clone());
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = converse(stream, &activation) => ended,
                () = shutdown.began() => Ok(()),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "connection of an agent ended");
            }
            drop(permit);
        });
    }
}

async fn converse(stream: UnixStream, activation: &Arc<Activation>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let most = u64::try_from(MESSAGE_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
    loop {
        // Between lines the agent may be silent for as long as it likes.
        if read.fill_buf().await?.is_empty() {
            return Ok(());
        }
        let mut line = Vec::new();
        let mut limited = (&mut read).take(most);
        tokio::time::timeout(LINE_TIMEOUT, limited.read_until(b'\n', &mut line)).await??;
        let (answer, go_on) = answer(&line, activation).await;
        let line = answer.to_line();
        tokio::time::timeout(LINE_TIMEOUT, write.write_all(line.as_bytes())).await??;
        if !go_on {
            return Ok(());
        }
    }
}

/// The answer to a line, and whether the next line can be told from it.
async fn answer(line: &[u8], activation: &Arc<Activation>) -> (Answer, bool) {
    let trust_root = activation.root().load().version();
    let refused = |reason: String| Answer::Refused {
        code: "malformed_offer".to_owned(),
        reason,
        trust_root,
    };
    let whole = line.ends_with(b"\n");
    let offer = match std::str::from_utf8(line) {
        Ok(line) => Offer::from_line(line).map_err(|error| error.to_string()),
        Err(_) => Err("malformed message: not UTF-8".to_owned()),
    };
    let folder: PathBuf = match offer {
        Ok(offer) if offer.folder.is_absolute() => offer.folder,
        Ok(offer) => {
            let reason = format!("`{}` is not an absolute path", offer.folder.display());
            return (refused(reason), whole);
        }
        Err(reason) => return (refused(reason), whole),
    };
    let activation = Arc::clone(activation);
    let activated = tokio::task::spawn_blocking(move || activation.read_and_activate(&folder)).await;
    let broken = |_| Answer::Refused {
        code: "activation_failed".to_owned(),
        reason: "the activation ended in an error of the gateway; see its log".to_owned(),
        trust_root,
    };
    (activated.unwrap_or_else(broken), whole)
}
