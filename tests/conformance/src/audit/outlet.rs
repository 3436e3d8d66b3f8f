//! Endpoints that record what they are sent.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aecp_engine::sink::{Outlet, SendError};

/// What endpoints do with messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// They take everything.
    #[default]
    Open,
    /// They take the first message and are unavailable from then on.
    OpenOnce,
    /// They are unavailable.
    Unavailable,
    /// They reject everything.
    Rejecting,
}

/// A message that came to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) endpoint: String,
    pub(super) content_type: String,
    pub(super) message: Vec<u8>,
    /// Whether the endpoint took it.
    pub(super) taken: bool,
}

/// All endpoints of a sink.
#[derive(Debug, Default)]
pub(super) struct Endpoints(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    sent: Vec<Sent>,
}

impl Endpoints {
    /// Forgets what was sent.
    pub(super) fn reset(&self, mood: Mood) {
        *self.state() = State {
            mood,
            sent: Vec::new(),
        };
    }

    /// What was sent since.
    pub(super) fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state().sent)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Endpoints {
    fn send(&self, endpoint: &str, content_type: &str, message: &[u8]) -> Result<(), SendError> {
        let mut state = self.state();
        let answer = match state.mood {
            Mood::Open => Ok(()),
            Mood::OpenOnce if state.sent.is_empty() => Ok(()),
            Mood::OpenOnce | Mood::Unavailable => Err(SendError::Unavailable("nobody answers".to_owned())),
            Mood::Rejecting => Err(SendError::Rejected("400 Bad Request".to_owned())),
        };
        state.sent.push(Sent {
            endpoint: endpoint.to_owned(),
            content_type: content_type.to_owned(),
            message: message.to_vec(),
            taken: answer.is_ok(),
        });
        answer
    }
}
