//! What an append gives back.

use std::sync::Arc;

use super::{JournalError, Shared};
use crate::leaf::Position;

/// Shows that a leaf was taken.
pub struct Receipt {
    position: Position,
    shared: Arc<Shared>,
}

impl Receipt {
    pub(super) fn new(position: Position, shared: Arc<Shared>) -> Self {
        Self { position, shared }
    }

    /// Where the leaf is among those of its writer. An OUTCOME names its INTENT by this.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Waits until the leaf, and so every one before it, is on stable storage. One sync serves all who wait.
    ///
    /// # Errors
    /// The journal broke first. The leaf may or may not be there.
    pub async fn on_disk(self) -> Result<(), JournalError> {
        let mut progress = self.shared.synced.subscribe();
        let sequence = self.position.sequence;
        let reached = progress
            .wait_for(|synced| synced.next_sequence > sequence || synced.broken.is_some())
            .await;
        match reached {
            Ok(synced) if synced.next_sequence > sequence => Ok(()),
            Ok(synced) => {
                let cause = synced.broken.clone().unwrap_or_else(|| "unknown".into());
                Err(JournalError::Broken { cause })
            }
            Err(_) => Err(JournalError::Broken {
                cause: "the journal is gone".into(),
            }),
        }
    }
}
