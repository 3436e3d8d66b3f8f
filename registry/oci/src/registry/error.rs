//! Everything that can go wrong between here and a registry.

/// Why a registry did not do what it was asked for. Each says what was tried, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A text does not name a repository, or nothing in one.
    #[error(
        "`{text}` names nothing in a registry: {reason}; write it as in `registry.example/aecp/policies:tag` or \
         `registry.example/aecp/policies@sha256:…`"
    )]
    Address {
        /// The text, cut.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The client cannot be set up.
    #[error("cannot set up the way to `{registry}`: {reason}")]
    Setup {
        /// The registry.
        registry: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// Credentials were found that cannot be used.
    #[error("the credentials for `{registry}` cannot be used ({place}): {reason}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Where they were found.
        place: String,
        /// What is wrong with them.
        reason: String,
    },
    /// No connection, or one that broke.
    #[error("cannot {action} `{location}`: {reason}; {advice}")]
    Unreachable {
        /// What was tried.
        action: &'static str,
        /// On what.
        location: String,
        /// What the network said.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// Nothing came for too long.
    #[error(
        "cannot {action} `{location}`: {what} for {seconds} s; is the registry overloaded, or the network bad?"
    )]
    Stalled {
        /// What was tried.
        action: &'static str,
        /// On what.
        location: String,
        /// What did not come.
        what: &'static str,
        /// How long it was waited for, in seconds.
        seconds: u64,
    },
    /// An answer that says no.
    #[error("cannot {action} `{location}`: the registry answers {status}{said}; {advice}")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// On what.
        location: String,
        /// The HTTP status.
        status: u16,
        /// What the registry gave as the reason, behind `: `, or nothing.
        said: String,
        /// What to do.
        advice: &'static str,
    },
    /// A way to somewhere that is not gone.
    #[error("cannot {action} `{location}`: it leads to `{target}`, and {reason}")]
    Redirected {
        /// What was tried.
        action: &'static str,
        /// On what.
        location: String,
        /// Where it leads.
        target: String,
        /// Why that way is not gone.
        reason: &'static str,
    },
    /// The service that gives tokens did not.
    #[error("cannot log in to `{registry}` at `{realm}`: {reason}")]
    Token {
        /// The registry.
        registry: String,
        /// The service that it names.
        realm: String,
        /// What went wrong.
        reason: String,
    },
    /// An answer that a registry must not give.
    #[error("cannot {action} `{location}`: {reason}; is this an OCI registry?")]
    Answer {
        /// What was tried.
        action: &'static str,
        /// On what.
        location: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl RegistryError {
    /// Whether the same may succeed if it is tried again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } => true,
            Self::Refused { status, .. } => is_transient(*status),
            _ => false,
        }
    }
}

/// Whether a registry that answers so may answer differently soon.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

impl From<RegistryError> for crate::Error {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}
