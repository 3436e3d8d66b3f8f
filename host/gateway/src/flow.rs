//! The way of one request: canonical form, guard, upstream, response.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aecp_evidence::leaf::RequestResult;
use aecp_vocabulary::Denial;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use crate::body::{RequestBody, ResponseBody};
use crate::canonical::{self, Head, HeaderRules, Scheme};
use crate::config::Config;
use crate::guard::{Admitted, Asked, Guard, Record, Refused};
use crate::ids::{RequestId, RequestIds};
use crate::metrics::Metrics;
use crate::problem::{Problem, UpstreamProblem};
use crate::track::{InFlight, Tracker};

/// Everything that requests share.
pub struct Flow<G> {
    guard: G,
    metrics: Arc<Metrics>,
    rules: HeaderRules,
    ids: RequestIds,
    requests: Arc<Semaphore>,
    body_idle: Duration,
    stopping: Arc<AtomicBool>,
}

/// Where a request came in.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// With or without TLS.
    pub scheme: Scheme,
    /// Who sent it.
    pub peer: IpAddr,
}

impl<G: Guard> Flow<G> {
    pub(crate) fn new(
        guard: G,
        config: &Config,
        metrics: Arc<Metrics>,
        stopping: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        Ok(Self {
            guard,
            metrics,
            rules: HeaderRules::new(config.identity_headers.iter().cloned()),
            ids: RequestIds::new()?,
            requests: Arc::new(Semaphore::new(config.limits.requests)),
            body_idle: config.limits.body_idle_timeout.0,
            stopping,
        })
    }

    /// Answers one request.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        arrival: Arrival,
    ) -> Response<ResponseBody<G::Record>> {
        let id = self.ids.next();
        let (mut parts, incoming) = request.into_parts();
        let head = match Head::of(&mut parts, arrival.scheme, &self.rules) {
            Ok(head) => head,
            Err(malformed) => {
                let refused = Refused {
                    id: &id,
                    head: None,
                    digest: canonical::digest_of_malformed(&parts),
                    peer: arrival.peer,
                    denial: Denial::ContextMalformed,
                    reason: malformed.reason,
                    status: Some(malformed.status),
                };
                return refusal(&*self.guard.refuse(refused).await);
            }
        };
        let Ok(permit) = Arc::clone(&self.requests).try_acquire_owned() else {
            let refused = Refused {
                id: &id,
                head: Some(&head),
                digest: head.digest(),
                peer: arrival.peer,
                denial: Denial::Overloaded,
                reason: "as many requests as there may be are in flight; try again later".to_owned(),
                status: None,
            };
            return refusal(&*self.guard.refuse(refused).await);
        };
        let in_flight = InFlight::new(Arc::clone(&self.metrics), permit);
        let mut body = RequestBody::new(incoming, self.body_idle);
        let asked = Asked {
            id: &id,
            head: &head,
            peer: arrival.peer,
        };
        match self.guard.admit(asked, &mut body).await {
            Ok(admitted) => {
                self.execute(&id, head, arrival.peer, body, admitted, in_flight)
                    .await
            }
            Err(problem) => refusal(&problem),
        }
    }

    async fn execute(
        &self,
        id: &RequestId,
        head: Head,
        peer: IpAddr,
        body: RequestBody,
        admitted: Admitted<G::Record>,
        in_flight: InFlight,
    ) -> Response<ResponseBody<G::Record>> {
        let Admitted { upstream, record } = admitted;
        let transfer = body.transfer();
        let mut tracker = Tracker::new(
            record,
            Arc::clone(&transfer),
            Arc::clone(&self.stopping),
            in_flight,
        );
        match upstream.send(id, head, peer, body).await {
            Ok(response) => {
                tracker.answered(response.status());
                response.map(|incoming| ResponseBody::streamed(incoming, self.body_idle, tracker))
            }
            Err(_) if transfer.failed() => {
                let problem = Problem::request_body(transfer.stood_still(), id);
                tracker.answered(problem.status);
                tracker.end(
                    RequestResult::ClientGone,
                    "the request's body did not come as a whole",
                );
                refusal(&problem)
            }
            Err(failed) => {
                self.metrics.upstream_failed(upstream.name(), failed.name());
                tracing::warn!(
                    upstream = upstream.name(),
                    problem = failed.name(),
                    "upstream failed"
                );
                let problem = Problem::upstream(failed, upstream.name(), id);
                tracker.answered(problem.status);
                tracker.end(RequestResult::UpstreamFailed, detail(failed));
                refusal(&problem)
            }
        }
    }
}

fn detail(problem: UpstreamProblem) -> &'static str {
    match problem {
        UpstreamProblem::Unreachable => "the upstream cannot be reached or broke off",
        UpstreamProblem::Timeout => "the upstream did not answer in time",
        UpstreamProblem::Malformed => "the upstream gave no valid response",
    }
}

fn refusal<R: Record>(problem: &Problem) -> Response<ResponseBody<R>> {
    problem.response().map(ResponseBody::whole)
}
