//! What tests and analysis of the sources gave before a component was signed, and whether that is enough to release it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Attestation;

/// What was found of one package, by the tool that signed.
///
/// The digest of the sources and the compiler's version stand beside it, so that anyone can run the same again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageResults {
    /// The package's name.
    pub package: String,
    /// Tests that passed.
    pub tests_passed: u64,
    /// The titles of tests that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests_failed: Vec<String>,
    /// What cannot be meant, and what nobody has acknowledged: the sentence of each finding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<String>,
    /// Findings that the source acknowledges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<AcknowledgedFinding>,
    /// Other findings.
    #[serde(default)]
    pub other_findings: u64,
    /// Questions of the analysis that it did not settle.
    #[serde(default)]
    pub not_decided: u64,
}

/// A finding that stays on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgedFinding {
    /// Its kind, as `aecp analyse` names it.
    pub kind: String,
    /// What was found.
    pub sentence: String,
    /// Why it stays, as the source says it.
    pub reason: String,
}

/// What a release asks of the policy components that go into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// A component of which nothing is known is accepted all the same. What is known to be wrong never is.
    pub unproven: bool,
    /// Each package must have a test that passed.
    pub tests: bool,
}

/// Why a policy component cannot be released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortcoming {
    /// Nothing is known of how it was made: it was signed without its sources.
    NoSources,
    /// It was signed by a tool that said nothing of tests.
    NoResults {
        /// The package.
        package: String,
    },
    /// Tests failed.
    TestsFailed {
        /// The package.
        package: String,
        /// Their titles.
        titles: Vec<String>,
    },
    /// There are none, and the release asks for some.
    NoTests {
        /// The package.
        package: String,
    },
    /// Something cannot be meant, and nobody has acknowledged it.
    Critical {
        /// The package.
        package: String,
        /// What was found.
        sentences: Vec<String>,
    },
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSources => f.write_str(
                "nothing is known of its tests, because it was signed without its sources; sign it with `aecp sign \
                 --source FOLDER`, or say `unproven = true` of it in the release file",
            ),
            Self::NoResults { package } => write!(
                f,
                "it was signed without saying how the tests of package `{package}` came out; sign it again with `aecp \
                 sign --source FOLDER`, or say `unproven = true` of it in the release file"
            ),
            Self::TestsFailed { package, titles } => write!(
                f,
                "tests of package `{package}` failed when it was signed: {}; mend policies or tests, and build and \
                 sign it again",
                listed(titles)
            ),
            Self::NoTests { package } => write!(
                f,
                "package `{package}` has no tests, and the release file says `require_tests = true`; write TEST \
                 blocks, and sign it again"
            ),
            Self::Critical { package, sentences } => write!(
                f,
                "package `{package}` has what cannot be meant: {}; mend it, or acknowledge it in the source with a \
                 reason (`ACKNOWLEDGE: … BECAUSE \"…\"`), and build and sign it again",
                listed(sentences)
            ),
        }
    }
}

/// Most things that a sentence repeats.
const LISTED: usize = 8;

fn listed(all: &[String]) -> String {
    let mut shown: Vec<String> = all.iter().take(LISTED).map(|one| format!("“{one}”")).collect();
    let more = all.len().saturating_sub(LISTED);
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

impl Attestation {
    /// Why the policy component that this is about cannot be released; empty if it can.
    pub fn shortcomings(&self, demands: Demands) -> Vec<Shortcoming> {
        let mut found = Vec::new();
        if !self.is_ours() && self.results.is_empty() && !demands.unproven {
            return vec![Shortcoming::NoSources];
        }
        for package in &self.packages {
            let name = || package.name.clone();
            let Some(results) = self
                .results
                .iter()
                .find(|results| results.package == package.name)
            else {
                if !demands.unproven {
                    found.push(Shortcoming::NoResults { package: name() });
                }
                continue;
            };
            if !results.tests_failed.is_empty() {
                found.push(Shortcoming::TestsFailed {
                    package: name(),
                    titles: results.tests_failed.clone(),
                });
            } else if results.tests_passed == 0 && demands.tests {
                found.push(Shortcoming::NoTests { package: name() });
            }
            if !results.critical.is_empty() {
                found.push(Shortcoming::Critical {
                    package: name(),
                    sentences: results.critical.clone(),
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AttestedPackage, COMPILER_ID, Compiler, ComponentKind};
    use super::*;

    fn attestation(id: &str, results: Vec<PackageResults>) -> Attestation {
        Attestation {
            kind: ComponentKind::Policy,
            packages: vec![AttestedPackage {
                name: "residency".to_owned(),
                version: "1.0.0".to_owned(),
            }],
            source: None,
            source_archive: None,
            schema: None,
            results,
            compiler: Compiler {
                id: id.to_owned(),
                name: "x".to_owned(),
                version: "1".to_owned(),
            },
            author: None,
            justification: None,
            time: None,
        }
    }

    fn good() -> PackageResults {
        PackageResults {
            package: "residency".to_owned(),
            tests_passed: 3,
            ..PackageResults::default()
        }
    }

    fn found(results: PackageResults, demands: Demands) -> Vec<String> {
        let found = attestation(COMPILER_ID, vec![results]).shortcomings(demands);
        found.iter().map(ToString::to_string).collect()
    }

    const UNPROVEN: Demands = Demands {
        unproven: true,
        tests: false,
    };

    #[test]
    fn what_is_proven_can_be_released() {
        let demands = Demands {
            unproven: false,
            tests: true,
        };
        assert!(found(good(), demands).is_empty());
        let none = PackageResults {
            tests_passed: 0,
            ..good()
        };
        assert!(found(none.clone(), Demands::default()).is_empty());
        assert!(found(none, demands)[0].contains("`residency` has no tests"));
    }

    #[test]
    fn what_is_known_to_be_wrong_never_is() {
        let failed = PackageResults {
            tests_failed: vec!["in the EU".to_owned(), "abroad".to_owned()],
            ..good()
        };
        let critical = PackageResults {
            critical: vec!["no request is in the scope of policy `p`".to_owned()],
            ..good()
        };
        for demands in [Demands::default(), UNPROVEN] {
            let said = found(failed.clone(), demands);
            assert_eq!(said.len(), 1);
            assert!(said[0].contains("“in the EU”, “abroad”"), "{said:?}");
            let said = found(critical.clone(), demands);
            assert_eq!(said.len(), 1);
            assert!(said[0].contains("ACKNOWLEDGE"), "{said:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_accepted_only_where_the_release_says_so() {
        let stranger = attestation("urn:somebody", Vec::new());
        assert_eq!(
            stranger.shortcomings(Demands::default()),
            [Shortcoming::NoSources]
        );
        assert_eq!(stranger.shortcomings(UNPROVEN), []);
        let older = attestation(COMPILER_ID, Vec::new());
        assert!(matches!(
            older.shortcomings(Demands::default())[..],
            [Shortcoming::NoResults { .. }]
        ));
        assert_eq!(older.shortcomings(UNPROVEN), []);
        let other = PackageResults {
            package: "another".to_owned(),
            ..good()
        };
        assert_eq!(found(other, Demands::default()).len(), 1);
    }

    #[test]
    fn results_are_read_as_they_are_written_and_may_be_missing() {
        let whole = attestation(
            COMPILER_ID,
            vec![PackageResults {
                acknowledged: vec![AcknowledgedFinding {
                    kind: "coverage_gap".to_owned(),
                    sentence: "s".to_owned(),
                    reason: "r".to_owned(),
                }],
                ..good()
            }],
        );
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Attestation>(&text).unwrap(), whole);
        let without = serde_json::to_string(&attestation(COMPILER_ID, Vec::new())).unwrap();
        assert!(!without.contains("results"));
        assert!(
            serde_json::from_str::<Attestation>(&without)
                .unwrap()
                .results
                .is_empty()
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let titles = (0..20).map(|number| format!("t{number}")).collect();
        let failed = PackageResults {
            tests_failed: titles,
            ..good()
        };
        let said = found(failed, Demands::default()).remove(0);
        assert!(said.contains("“t7”, 12 more;"), "{said}");
    }
}
