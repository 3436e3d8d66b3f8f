//! One look at the tag, and what follows from it.

use std::path::PathBuf;
use std::time::Duration;

use aecp_oci::{PulledBundle, Revision};
use aecp_trust::handover::{Answer, Offer};
use aecp_trust::{Delivery, Digest, receipt};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::acknowledgement::{self, Acknowledgement};
use crate::config::Config;
use crate::error::AgentError;
use crate::folder::Folder;
use crate::gateway::{self, Run};
use crate::receipts::{self, Receipts};
use crate::source::Opened;

/// After this long, a bundle is offered again that was refused for a reason that may pass by itself: 5 s.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Watches one tag for one gateway.
#[derive(Debug)]
pub struct Agent {
    config: Config,
    folder: Folder,
    source: Option<Opened>,
    spooled: Option<Spooled>,
    settled: Option<Settled>,
    unwritten: Option<Unwritten>,
    receipts: Option<Receipts>,
    refused: Option<(Revision, String)>,
    found_nothing: bool,
}

/// What a look at the tag came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is published under the tag.
    Nothing,
    /// What is published was offered before, and this gateway has answered.
    Settled,
    /// Something was offered, and this is the answer.
    Answered(Answer),
}

/// A bundle in the spool.
#[derive(Clone, Debug)]
struct Spooled {
    revision: Revision,
    folder: PathBuf,
    /// What receipts name the bundle by.
    offered: Digest,
}

/// What became of an offer, on its way to the disk.
#[derive(Debug)]
struct Unwritten {
    acknowledgement: Acknowledgement,
    receipt: Option<Vec<u8>>,
}

/// An offer that was answered.
#[derive(Debug)]
struct Settled {
    revision: Revision,
    gateway: Option<Run>,
    until: Option<Instant>,
}

impl Agent {
    /// Takes the agent's folder into use.
    ///
    /// # Errors
    /// [`AgentError::InUse`] if another agent uses the folder, [`AgentError::Io`].
    pub fn new(config: Config) -> Result<Self, AgentError> {
        let folder = Folder::open(&config.folder)?;
        Ok(Self {
            config,
            folder,
            source: None,
            spooled: None,
            settled: None,
            unwritten: None,
            receipts: None,
            refused: None,
            found_nothing: false,
        })
    }

    /// Signs what the gateway answers from now on.
    #[must_use]
    pub fn signing(mut self, receipts: Option<Receipts>) -> Self {
        self.receipts = receipts;
        self
    }

    /// Looks at the tag. What is new is fetched and offered to the gateway; what was answered is not offered again,
    /// unless the gateway has started anew or has refused it for a reason that may pass by itself.
    ///
    /// # Errors
    /// The bundle was not fetched, or the gateway has not answered. The next step tries again.
    pub async fn step(&mut self) -> Result<Step, AgentError> {
        self.write_acknowledgement()?;
        let Some(revision) = self.revision().await? else {
            if !std::mem::replace(&mut self.found_nothing, true) {
                let (source, tag) = (&self.config.source, &self.config.tag);
                tracing::info!(%source, %tag, "nothing is published yet");
            }
            return Ok(Step::Nothing);
        };
        self.found_nothing = false;
        let gateway = Run::of(&self.config.gateway);
        if self
            .settled
            .as_ref()
            .is_some_and(|settled| settled.covers(&revision, gateway))
        {
            return Ok(Step::Settled);
        }
        let Spooled {
            revision,
            folder,
            offered,
        } = self.spool(revision).await?;
        let answer = gateway::offer(
            &self.config.gateway,
            &Offer {
                folder: folder.clone(),
            },
        )
        .await?;
        self.folder.remove(&folder);
        self.spooled = None;
        self.settle(revision, gateway, offered, &answer);
        self.write_acknowledgement()?;
        Ok(Step::Answered(answer))
    }

    /// The source, which is opened when it is first used, and again after it could not be used.
    fn source(&mut self) -> Result<Opened, AgentError> {
        if let Some(source) = &self.source {
            return Ok(source.clone());
        }
        let source = Opened::open(&self.config.source)?;
        self.source = Some(source.clone());
        Ok(source)
    }

    /// What the tag points at.
    async fn revision(&mut self) -> Result<Option<Revision>, AgentError> {
        let found = self.source()?.revision(&self.config.tag).await;
        if found.is_err() {
            self.source = None;
        }
        Ok(found?)
    }

    /// Puts the bundle into the spool. It is there already if the gateway was away.
    async fn spool(&mut self, revision: Revision) -> Result<Spooled, AgentError> {
        if let Some(old) = self.spooled.take() {
            if old.revision == revision {
                self.spooled = Some(old.clone());
                return Ok(old);
            }
            self.folder.remove(&old.folder);
        }
        let pulled = self.source()?.pull(&self.config.tag).await?;
        let revision = pulled.revision;
        let bytes = pulled
            .files
            .iter()
            .fold(0_usize, |sum, (_, bytes)| sum.saturating_add(bytes.len()));
        let delivery = delivery(pulled);
        let offered = receipt::offered(&delivery.bundle);
        let folder = self.folder.put(&delivery)?;
        tracing::info!(manifest = %revision.bundle, bytes, "fetched a bundle");
        let spooled = Spooled {
            revision,
            folder,
            offered,
        };
        self.spooled = Some(spooled.clone());
        Ok(spooled)
    }

    fn settle(&mut self, revision: Revision, gateway: Option<Run>, offered: Digest, answer: &Answer) {
        let mut until = None;
        match answer {
            Answer::Activated { bundle, epoch, .. } => {
                tracing::info!(%bundle, epoch, "the gateway runs the bundle")
            }
            Answer::Unchanged { bundle, epoch, .. } => {
                tracing::info!(%bundle, epoch, "the gateway runs the bundle already");
            }
            Answer::Refused { code, reason, .. } => {
                until = may_pass(code)
                    .then(|| Instant::now().checked_add(PATIENCE))
                    .flatten();
                // An offer that is made again and again for the same reason is told once.
                if self.refused.replace((revision, reason.clone())) != Some((revision, reason.clone())) {
                    tracing::error!(manifest = %revision.bundle, code, reason, "the gateway refused the bundle");
                }
            }
        }
        self.settled = Some(Settled {
            revision,
            gateway,
            until,
        });
        let time = Timestamp::now();
        let receipt = self.receipt(offered, time, answer);
        let acknowledgement =
            Acknowledgement::new(&self.config, &revision, answer.clone(), time, receipt.is_some());
        self.unwritten = Some(Unwritten {
            acknowledgement,
            receipt,
        });
    }

    /// The answer, signed. A signer that does not sign is told, and the acknowledgement says that it is not signed.
    fn receipt(&self, offered: Digest, time: Timestamp, answer: &Answer) -> Option<Vec<u8>> {
        match self.receipts.as_ref()?.seal(offered, time, answer) {
            Ok(receipt) => Some(receipt),
            Err(error) => {
                tracing::error!(%error, "no receipt was signed");
                None
            }
        }
    }

    fn write_acknowledgement(&mut self) -> Result<(), AgentError> {
        if let Some(unwritten) = &self.unwritten {
            // The receipt first: an acknowledgement that says it is signed must find it.
            match &unwritten.receipt {
                Some(receipt) => self.folder.replace(receipts::FILE, receipt)?,
                None => self.folder.discard(receipts::FILE)?,
            }
            let acknowledgement = unwritten.acknowledgement.to_json();
            self.folder.replace(acknowledgement::FILE, &acknowledgement)?;
            self.unwritten = None;
        }
        Ok(())
    }
}

impl Settled {
    fn covers(&self, revision: &Revision, gateway: Option<Run>) -> bool {
        self.revision == *revision
            && self.gateway == gateway
            && self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// Whether the gateway may take the same bundle later although nothing but time has passed: the bundle's time had not
/// come, or the gateway's storage did not do its part.
fn may_pass(code: &str) -> bool {
    matches!(
        code,
        "bundle_not_yet_valid" | "state_unavailable" | "audit_unavailable" | "activation_failed"
    )
}

/// What a gateway reads. Whether a freshness statement must be there is the gateway's to know.
fn delivery(pulled: PulledBundle) -> Delivery {
    let mut delivery = Delivery {
        freshness: pulled.freshness.unwrap_or_default(),
        ..Delivery::default()
    };
    for (name, bytes) in pulled.files {
        if !delivery.add_file(&name, bytes) {
            tracing::debug!(name, "a file of the bundle is of no use to a gateway");
        }
    }
    delivery
}
