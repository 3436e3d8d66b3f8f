//! The guard of an enforcement point: context, decision, evidence, in this order, or DENY.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use aecp_engine::{Decided, Failure};
use aecp_evidence::{Intent, Position, RequestOutcome};
use aecp_vocabulary::{AuditClass, Decision, Denial, Finding, Mode, Outcome, Outcomes, Value, Verdict};
use arc_swap::ArcSwapOption;
use http::StatusCode;
use tokio::sync::Semaphore;

use crate::active::Active;
use crate::body::{BodyError, BufferError, RequestBody};
use crate::canonical::Malformed;
use crate::clock;
use crate::context::Facts;
use crate::evidence::Recorder;
use crate::facts::{self, Account};
use crate::guard::{Admitted, Asked, End, Guard, Record, Refused};
use crate::ids::RequestId;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::upstream::{Upstream, Upstreams};

/// Most extractor calls at a time. Each takes a thread for as long as it runs.
const EXTRACTIONS: usize = 64;

/// The guard of an enforcement point.
pub struct Enforcer {
    active: Arc<ArcSwapOption<Active>>,
    upstreams: Arc<Upstreams>,
    recorder: Arc<Recorder>,
    metrics: Arc<Metrics>,
    extractions: Semaphore,
}

/// A decision with everything that evidence says of it.
struct Considered {
    decision: Decision,
    now: i64,
    status: Option<StatusCode>,
    components: Vec<Result<Outcomes, Failure>>,
    account: Account,
    route: Option<String>,
    upstream: Option<Arc<Upstream>>,
}

/// Tells evidence how an admitted request ended.
pub struct Recorded {
    recorder: Arc<Recorder>,
    intent: Position,
    class: AuditClass,
    began: Instant,
}

impl Enforcer {
    /// Decides under the bundle that is in `active` when a request comes.
    pub fn new(
        active: Arc<ArcSwapOption<Active>>,
        upstreams: Arc<Upstreams>,
        recorder: Arc<Recorder>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            active,
            upstreams,
            recorder,
            metrics,
            extractions: Semaphore::new(EXTRACTIONS),
        }
    }

    async fn consider(&self, active: &Arc<Active>, asked: Asked<'_>, body: &mut RequestBody) -> Considered {
        let refused =
            |denial, reason: String| Considered::refused(denial, reason, None, Account::of_request(&asked));
        if let Some((denial, reason)) = active.lapsed(clock::now()) {
            return refused(denial, reason.to_owned());
        }
        let Some(matched) = active.routes.find(asked.head) else {
            let reason = format!(
                "no route of the bundle takes {} {} at host `{}`",
                asked.head.method, asked.head.path, asked.head.host
            );
            return refused(Denial::NoRoute, reason);
        };
        let route = matched.route.name.clone();
        let Some(upstream) = self.upstreams.get(&matched.route.upstream) else {
            let upstream = &matched.route.upstream;
            let reason =
                format!("upstream `{upstream}` of route `{route}` has no address in `gateway.upstreams`");
            return refused(Denial::NoUpstream, reason).by(route);
        };
        let read = match active.plan.body_limit() {
            None => None,
            Some(limit) => match body.buffer(limit).await {
                Ok(read) => Some(read),
                Err(error) => {
                    let (status, reason) = unread(&error);
                    let account = Account::of_request(&asked);
                    return Considered::refused(Denial::ContextMalformed, reason, Some(status), account)
                        .by(route);
                }
            },
        };
        // The moment of the decision: nothing after it waits for the client.
        let now = clock::now();
        if let Some((denial, reason)) = active.lapsed(now) {
            return refused(denial, reason.to_owned()).by(route);
        }
        let facts = Facts {
            head: asked.head,
            matched: &matched,
            peer: asked.peer,
            now,
        };
        let mut extracted = self.extract(active, &facts, read.as_ref()).await;
        let table = match active.plan.fill(&facts, &mut extracted) {
            Ok(table) => table,
            Err(Malformed { reason, status }) => {
                let account = Account::of_request(&asked);
                return Considered::refused(Denial::ContextMalformed, reason, Some(status), account)
                    .by(route);
            }
        };
        let Decided { decision, components } = active.policies.decide(&table, now);
        let decision = without_obligations(decision);
        let account = facts::account(&active.plan, &facts, table);
        let upstream = Some(Arc::clone(upstream));
        Considered {
            decision,
            now,
            status: None,
            components,
            account,
            route: Some(route),
            upstream,
        }
    }

    /// Asks the extractors that some policy needs, each on a thread where it delays no other request.
    async fn extract(
        &self,
        active: &Arc<Active>,
        facts: &Facts<'_>,
        body: Option<&bytes::Bytes>,
    ) -> Vec<Vec<Value>> {
        let mut all = Vec::with_capacity(active.plan.extractors().len());
        for (index, wanted) in active.plan.extractors() {
            let request = wanted.request(facts, body);
            let (active, index) = (Arc::clone(active), *index);
            let Some(count) = active
                .extractor(index)
                .map(|extractor| extractor.description().attributes.len())
            else {
                continue;
            };
            // The semaphore is never closed; if it were, there would only be one bound less.
            let _permit = self.extractions.acquire().await;
            let asked = tokio::task::spawn_blocking(move || {
                active
                    .extractor(index)
                    .map(|extractor| extractor.extract(&request))
            });
            let failed = |reason: String| vec![Value::failed(reason); count];
            all.push(match asked.await {
                Ok(Some(Ok(values))) => values,
                Ok(Some(Err(Failure::Reported(reason)))) => failed(reason),
                Ok(Some(Err(failure))) => failed(format!("the extractor {failure}")),
                Ok(None) | Err(_) => failed("the extractor could not be asked".to_owned()),
            });
        }
        all
    }

    /// Records what was considered. A decision without evidence is a denial.
    async fn settle(
        &self,
        id: &RequestId,
        digest: [u8; 32],
        active: Option<&Active>,
        considered: &mut Considered,
    ) -> Option<Position> {
        let mut intent = Intent::of(id.as_str(), digest, &considered.decision);
        intent.route.clone_from(&considered.route);
        if let Some(active) = active {
            intent.bundle = Some(active.reference.clone());
            intent.components = facts::components(active.component_digests(), &mut considered.components);
        }
        let recorded = match considered.account.write(&mut intent) {
            Ok(openings) => self
                .recorder
                .intent(considered.now, intent, &openings)
                .await
                .map_err(|e| e.to_string()),
            Err(error) => Err(format!("no randomness for commitments: {error}")),
        };
        match recorded {
            Ok(position) => Some(position),
            Err(reason) => {
                considered.decision = Decision::refused(Denial::AuditUnavailable, reason);
                considered.status = None;
                None
            }
        }
    }

    fn problem(&self, id: &RequestId, active: Option<&Active>, considered: &Considered) -> Box<Problem> {
        let mut problem = Problem::denied(&considered.decision, id);
        if let Some(status) = considered.status {
            problem = problem.with_status(status);
        }
        if let Some(active) = active {
            problem = problem.under(active.reference.digest, active.epoch());
        }
        Box::new(problem)
    }
}

impl Guard for Enforcer {
    type Record = Recorded;

    async fn admit(
        &self,
        asked: Asked<'_>,
        body: &mut RequestBody,
    ) -> Result<Admitted<Recorded>, Box<Problem>> {
        let began = Instant::now();
        let active = self.active.load_full();
        let mut considered = match &active {
            Some(active) => self.consider(active, asked, body).await,
            None => {
                let reason = "no bundle is active; the agent must bring one".to_owned();
                Considered::refused(Denial::NoBundle, reason, None, Account::of_request(&asked))
            }
        };
        let took = began.elapsed();
        let class = considered.decision.audit;
        let intent = self
            .settle(asked.id, asked.head.digest(), active.as_deref(), &mut considered)
            .await;
        self.metrics.decided(&considered.decision, took);
        match (considered.decision.verdict, intent, considered.upstream.take()) {
            (Verdict::Allow, Some(intent), Some(upstream)) => {
                let recorder = Arc::clone(&self.recorder);
                Ok(Admitted {
                    upstream,
                    record: Recorded {
                        recorder,
                        intent,
                        class,
                        began: Instant::now(),
                    },
                })
            }
            _ => Err(self.problem(asked.id, active.as_deref(), &considered)),
        }
    }

    async fn refuse(&self, refused: Refused<'_>) -> Box<Problem> {
        let active = self.active.load_full();
        let account = Account::of_refused(&refused);
        let mut considered = Considered::refused(refused.denial, refused.reason, refused.status, account);
        self.settle(refused.id, refused.digest, active.as_deref(), &mut considered)
            .await;
        self.metrics
            .decided(&considered.decision, std::time::Duration::ZERO);
        self.problem(refused.id, active.as_deref(), &considered)
    }
}

impl Record for Recorded {
    fn ended(self, end: &End) {
        let outcome = RequestOutcome {
            intent: self.intent,
            result: end.result,
            status: end.status.map(|status| status.as_u16()),
            bytes_to_upstream: end.bytes_to_upstream,
            bytes_to_client: end.bytes_to_client,
            duration: u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            detail: end.detail.to_owned(),
        };
        self.recorder.outcome(outcome, self.class);
    }
}

impl Considered {
    fn refused(denial: Denial, reason: String, status: Option<StatusCode>, account: Account) -> Self {
        Self {
            decision: Decision::refused(denial, reason),
            now: clock::now(),
            status,
            components: Vec::new(),
            account,
            route: None,
            upstream: None,
        }
    }

    fn by(self, route: String) -> Self {
        Self {
            route: Some(route),
            ..self
        }
    }
}

/// This enforcement point discharges no obligation yet, so a decision that has one is a denial.
fn without_obligations(mut decision: Decision) -> Decision {
    if let (Verdict::Allow, Some(obligation)) = (decision.verdict, decision.obligations.first()) {
        let finding = Finding {
            package: obligation.by.package.to_string(),
            policy: obligation.by.policy.to_string(),
            outcome: Outcome::Indeterminate,
            mode: Mode::Blocking,
            reason: format!(
                "obligation `{}` cannot be discharged by this enforcement point",
                obligation.kind
            ),
        };
        decision.verdict = Verdict::Deny;
        decision.denial = Some(Denial::ObligationUnsupported);
        decision.findings.push(finding);
    }
    decision
}

fn unread(error: &BufferError) -> (StatusCode, String) {
    match error {
        BufferError::TooLarge(limit) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than the {limit} bytes that policies can look at"),
        ),
        BufferError::Broken(BodyError::StoodStill(_)) => (
            StatusCode::REQUEST_TIMEOUT,
            "the body stood still for too long".to_owned(),
        ),
        BufferError::Broken(error) => (StatusCode::BAD_REQUEST, format!("the body broke off: {error}")),
    }
}

/// The client's address in the one form that evidence and upstreams see.
pub(crate) fn peer(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::decision::{PolicyName, RaisedObligation};

    use super::*;

    #[test]
    fn an_obligation_that_nobody_discharges_denies() {
        let by = PolicyName {
            package: "gdpr".into(),
            policy: "mask_names".into(),
        };
        let allowed = Decision {
            verdict: Verdict::Allow,
            denial: None,
            findings: vec![],
            covered_by: vec![by.clone()],
            obligations: vec![RaisedObligation {
                by,
                kind: "mask".into(),
                arguments: vec![],
            }],
            audit: AuditClass::Ordinary,
        };
        let denied = without_obligations(allowed);
        assert_eq!(
            (denied.verdict, denied.denial),
            (Verdict::Deny, Some(Denial::ObligationUnsupported))
        );
        assert_eq!(denied.denied_by().unwrap().policy, "mask_names");
    }
}
