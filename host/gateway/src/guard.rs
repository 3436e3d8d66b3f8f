//! The step between a canonical request and its upstream.
//!
//! The flow of requests is the same whatever stands here. [`crate::Enforcer`] is what an enforcement point has; the
//! only other one is the benchmark's, which lives there and lets everything pass, so that what enforcement costs can
//! be measured.

use std::net::IpAddr;
use std::sync::Arc;

use aecp_evidence::leaf::RequestResult;
use aecp_vocabulary::Denial;
use http::StatusCode;

use crate::body::RequestBody;
use crate::canonical::Head;
use crate::ids::RequestId;
use crate::problem::Problem;
use crate::upstream::Upstream;

/// A request that asks to execute.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its name.
    pub id: &'a RequestId,
    /// Its canonical head.
    pub head: &'a Head,
    /// Who sent it.
    pub peer: IpAddr,
}

/// A request that does not even come to be asked about.
#[derive(Clone, Debug)]
pub struct Refused<'a> {
    /// Its name.
    pub id: &'a RequestId,
    /// Its canonical head, if it has one.
    pub head: Option<&'a Head>,
    /// What stands for the request in evidence.
    pub digest: [u8; 32],
    /// Who sent it.
    pub peer: IpAddr,
    /// Why it is refused, by name.
    pub denial: Denial,
    /// Why, as a sentence.
    pub reason: String,
    /// The status for the client; none for the denial's own.
    pub status: Option<StatusCode>,
}

/// A request that may execute, now.
pub struct Admitted<R> {
    /// Where it goes.
    pub upstream: Arc<Upstream>,
    /// What is told how it ended.
    pub record: R,
}

/// How an admitted request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub result: RequestResult,
    /// The status that the client was sent, if it was sent one.
    pub status: Option<StatusCode>,
    /// Bytes of the request's body that went to the upstream.
    pub bytes_to_upstream: u64,
    /// Bytes of the response's body that went to the client.
    pub bytes_to_client: u64,
    /// More for people.
    pub detail: &'static str,
}

/// Decides over requests.
pub trait Guard: Send + Sync + 'static {
    /// What is told how an admitted request ended.
    type Record: Record;

    /// Whether the request may execute, and where.
    ///
    /// # Errors
    /// It may not: what the client is told.
    fn admit(
        &self,
        asked: Asked<'_>,
        body: &mut RequestBody,
    ) -> impl Future<Output = Result<Admitted<Self::Record>, Box<Problem>>> + Send;

    /// Refuses a request before it is asked about: what the client is told.
    fn refuse(&self, refused: Refused<'_>) -> impl Future<Output = Box<Problem>> + Send;
}

/// Is told how an admitted request ended, once.
pub trait Record: Send + Unpin + 'static {
    /// The request has ended.
    fn ended(self, end: &End);
}
