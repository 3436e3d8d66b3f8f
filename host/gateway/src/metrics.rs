//! What is counted, in the OpenMetrics text format.

use std::time::Duration;

use aecp_vocabulary::{Decision, Mode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels of `aecp_decisions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    verdict: &'static str,
    denial: &'static str,
}

/// Labels of `aecp_findings`. The policies of a bundle are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    package: String,
    policy: String,
    outcome: &'static str,
    mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: String,
    problem: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActivationLabels {
    result: &'static str,
    code: String,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    allowed: Counter,
    findings: Family<FindingLabels, Counter>,
    decision_time: Histogram,
    request_time: Histogram,
    upstream_errors: Family<UpstreamLabels, Counter>,
    activations: Family<ActivationLabels, Counter>,
    activation_time: Histogram,
    /// Leaves that could not be written.
    pub evidence_errors: Counter,
    /// The active bundle's epoch; 0 without one.
    pub active_epoch: Gauge,
    /// Requests that were taken and have not ended.
    pub in_flight: Gauge,
    /// Connections of clients.
    pub connections: Gauge,
    /// Connections that ended by an error, most of them requests that are no HTTP.
    pub connection_errors: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let decisions = Family::<DecisionLabels, Counter>::default();
        let mut metrics = Self {
            registry: Registry::with_prefix("aecp"),
            allowed: decisions.get_or_create_owned(&DecisionLabels {
                verdict: "ALLOW",
                denial: "",
            }),
            decisions,
            findings: Family::default(),
            decision_time: Histogram::new(exponential_buckets(1e-6, 2.0, 18)),
            request_time: Histogram::new(exponential_buckets(1e-4, 2.0, 18)),
            upstream_errors: Family::default(),
            activations: Family::default(),
            activation_time: Histogram::new(exponential_buckets(1e-3, 2.0, 14)),
            evidence_errors: Counter::default(),
            active_epoch: Gauge::default(),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            connection_errors: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "decisions",
            "Decisions by verdict and denial",
            self.decisions.clone(),
        );
        registry.register(
            "findings",
            "Findings by policy, outcome and mode",
            self.findings.clone(),
        );
        let help = "From the context to the decision, without evidence";
        registry.register_with_unit(
            "decision_duration",
            help,
            Unit::Seconds,
            self.decision_time.clone(),
        );
        let help = "From the head of a request to the end of its response";
        registry.register_with_unit("request_duration", help, Unit::Seconds, self.request_time.clone());
        registry.register(
            "upstream_errors",
            "Upstreams that failed",
            self.upstream_errors.clone(),
        );
        registry.register(
            "activations",
            "Bundles that were offered, by what became of them",
            self.activations.clone(),
        );
        let help = "From a bundle in memory to requests decided under it: verified, loaded, stored, recorded, swapped";
        registry.register_with_unit(
            "activation_duration",
            help,
            Unit::Seconds,
            self.activation_time.clone(),
        );
        registry.register(
            "evidence_errors",
            "Leaves that could not be written",
            self.evidence_errors.clone(),
        );
        registry.register(
            "active_epoch",
            "Epoch of the active bundle, 0 without one",
            self.active_epoch.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests taken and not ended",
            self.in_flight.clone(),
        );
        registry.register("connections", "Connections of clients", self.connections.clone());
        let help = "Connections of clients that ended by an error";
        registry.register("connection_errors", help, self.connection_errors.clone());
    }

    /// Counts a decision and its findings.
    pub fn decided(&self, decision: &Decision, took: Duration) {
        self.decision_time.observe(took.as_secs_f64());
        match decision.denial {
            None => self.allowed.inc(),
            Some(denial) => {
                let labels = DecisionLabels {
                    verdict: decision.verdict.name(),
                    denial: denial.name(),
                };
                self.decisions.get_or_create(&labels).inc()
            }
        };
        for finding in &decision.findings {
            let labels = FindingLabels {
                package: finding.package.clone(),
                policy: finding.policy.clone(),
                outcome: finding.outcome.name(),
                mode: finding.mode.name(),
            };
            self.findings.get_or_create(&labels).inc();
            if finding.mode == Mode::Advisory {
                tracing::warn!(
                    package = finding.package,
                    policy = finding.policy,
                    outcome = finding.outcome.name(),
                    "advisory finding"
                );
            }
        }
    }

    /// Counts the end of a request.
    pub fn ended(&self, took: Duration) {
        self.request_time.observe(took.as_secs_f64());
    }

    /// Counts an upstream's failure.
    pub fn upstream_failed(&self, upstream: &str, problem: &'static str) {
        let labels = UpstreamLabels {
            upstream: upstream.to_owned(),
            problem,
        };
        self.upstream_errors.get_or_create(&labels).inc();
    }

    /// Counts an offer; `code` is empty unless it was refused.
    pub fn offered(&self, result: &'static str, code: &str) {
        self.activations
            .get_or_create(&ActivationLabels {
                result,
                code: code.to_owned(),
            })
            .inc();
    }

    /// Measures an activation that came to its end.
    pub fn activated(&self, elapsed: Duration) {
        self.activation_time.observe(elapsed.as_secs_f64());
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail; if it did, the reader would miss the `# EOF`.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::Denial;

    use super::*;

    #[test]
    fn decisions_are_counted_by_name() {
        let metrics = Metrics::default();
        metrics.decided(
            &Decision::refused(Denial::NoRoute, "no"),
            Duration::from_micros(3),
        );
        let text = metrics.text();
        assert!(
            text.contains("aecp_decisions_total{verdict=\"DENY\",denial=\"no_route\"} 1"),
            "{text}"
        );
        assert!(text.contains("aecp_decision_duration_seconds_count 1"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
