//! Every check that there is, with its id and its title.
//!
//! `docs/conformance.md` says at length what each means.

use aecp_engine::Contract;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    ComponentValid,
    ContractExported,
    ImportsGranted,
    EngineAccepts,
    ContractTypes,
    ConfigurationAccepted,
    ConfigurationGarbageRefused,
    DescriptionValid,
    DescriptionStable,
    NeverTraps,
    EndsInTime,
    StaysInMemory,
    Deterministic,
    Stateless,
    AnswersValidInputs,
    OutcomesWellFormed,
    ReadsHonest,
    UnknownDecidesNothing,
    WrongCountRefused,
    WrongTypesUnknown,
    ValuesWellFormed,
    FailuresKeepSecrets,
    EmptyBatchTaken,
    DeliversToDeclaredEndpoints,
    CountWithinBatch,
    TakesOnlyWhatWasSent,
    UnavailableIsNotTaken,
    RejectedIsNotTaken,
}

use Id::*;

/// For every contract, before any code runs.
const SHELL: [Id; 2] = [ComponentValid, ContractExported];

const POLICY: [Id; 18] = [
    ComponentValid,
    ContractExported,
    ImportsGranted,
    EngineAccepts,
    ContractTypes,
    DescriptionValid,
    DescriptionStable,
    NeverTraps,
    EndsInTime,
    StaysInMemory,
    AnswersValidInputs,
    OutcomesWellFormed,
    Deterministic,
    Stateless,
    ReadsHonest,
    UnknownDecidesNothing,
    WrongCountRefused,
    WrongTypesUnknown,
];

const CONTEXT: [Id; 15] = [
    ComponentValid,
    ContractExported,
    ImportsGranted,
    EngineAccepts,
    ContractTypes,
    ConfigurationAccepted,
    ConfigurationGarbageRefused,
    DescriptionValid,
    DescriptionStable,
    NeverTraps,
    EndsInTime,
    StaysInMemory,
    ValuesWellFormed,
    FailuresKeepSecrets,
    Deterministic,
];

const AUDIT: [Id; 19] = [
    ComponentValid,
    ContractExported,
    ImportsGranted,
    EngineAccepts,
    ContractTypes,
    ConfigurationAccepted,
    ConfigurationGarbageRefused,
    DescriptionValid,
    DescriptionStable,
    NeverTraps,
    EndsInTime,
    StaysInMemory,
    DeliversToDeclaredEndpoints,
    CountWithinBatch,
    TakesOnlyWhatWasSent,
    UnavailableIsNotTaken,
    RejectedIsNotTaken,
    EmptyBatchTaken,
    Deterministic,
];

/// The ids and titles of a contract's checks, in the order in which a report lists them.
pub fn checks(contract: Contract) -> impl Iterator<Item = (&'static str, &'static str)> {
    of(Some(contract)).iter().map(|id| (id.name(), id.title()))
}

/// The checks of a contract, in order.
pub(crate) fn of(contract: Option<Contract>) -> &'static [Id] {
    match contract {
        None => &SHELL,
        Some(Contract::Policy) => &POLICY,
        Some(Contract::Context) => &CONTEXT,
        Some(Contract::Audit) => &AUDIT,
    }
}

impl Id {
    /// The id as reports and scripts spell it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ComponentValid => "component-valid",
            ContractExported => "contract-exported",
            ImportsGranted => "imports-granted",
            EngineAccepts => "engine-accepts",
            ContractTypes => "contract-types",
            ConfigurationAccepted => "configuration-accepted",
            ConfigurationGarbageRefused => "configuration-garbage-refused",
            DescriptionValid => "description-valid",
            DescriptionStable => "description-stable",
            NeverTraps => "never-traps",
            EndsInTime => "ends-in-time",
            StaysInMemory => "stays-in-memory",
            Deterministic => "deterministic",
            Stateless => "stateless",
            AnswersValidInputs => "answers-valid-inputs",
            OutcomesWellFormed => "outcomes-well-formed",
            ReadsHonest => "reads-honest",
            UnknownDecidesNothing => "unknown-decides-nothing",
            WrongCountRefused => "wrong-count-refused",
            WrongTypesUnknown => "wrong-types-unknown",
            ValuesWellFormed => "values-well-formed",
            FailuresKeepSecrets => "failures-keep-secrets",
            EmptyBatchTaken => "empty-batch-taken",
            DeliversToDeclaredEndpoints => "delivers-to-declared-endpoints",
            CountWithinBatch => "count-within-batch",
            TakesOnlyWhatWasSent => "takes-only-what-was-sent",
            UnavailableIsNotTaken => "unavailable-is-not-taken",
            RejectedIsNotTaken => "rejected-is-not-taken",
        }
    }

    /// What holds if the check passes, as a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            ComponentValid => "The file is a valid WebAssembly component.",
            ContractExported => "It exports exactly one AECP contract, in the version that is spoken here.",
            ImportsGranted => "It imports only what its contract grants.",
            EngineAccepts => "The engine of an enforcement point compiles and loads it.",
            ContractTypes => "The types of its exports are those of the contract.",
            ConfigurationAccepted => "It accepts its configuration.",
            ConfigurationGarbageRefused => {
                "It refuses garbage as configuration with an error, never with a trap."
            }
            DescriptionValid => "What it says of itself keeps the contract's rules and limits.",
            DescriptionStable => "It describes itself equally in every instance.",
            NeverTraps => "No valid input makes it trap.",
            EndsInTime => "Every call ends within its time limit.",
            StaysInMemory => "Every call stays within its memory limit.",
            Deterministic => {
                "Equal inputs give equal answers in fresh instances, in whatever order they come."
            }
            Stateless => "One instance that is asked repeatedly answers like fresh instances.",
            AnswersValidInputs => "It answers every valid input with outcomes, not with an error.",
            OutcomesWellFormed => "Its outcomes keep the contract's rules.",
            ReadsHonest => "A policy depends only on the positions that its description says it reads.",
            UnknownDecidesNothing => {
                "A failed attribute never decides what a known one would decide otherwise."
            }
            WrongCountRefused => "Too few or too many values never give outcomes.",
            WrongTypesUnknown => "A value of another type than declared is an error or counts as failed.",
            ValuesWellFormed => "It gives one value for each attribute, of the declared type.",
            FailuresKeepSecrets => "What it says of failures repeats no secret of the request.",
            EmptyBatchTaken => "An empty batch is taken.",
            DeliversToDeclaredEndpoints => "It delivers when the endpoints that it declares take everything.",
            CountWithinBatch => "It says that it took at least one entry and at most those of the batch.",
            TakesOnlyWhatWasSent => {
                "Every entry that it says it took was in a message that an endpoint took."
            }
            UnavailableIsNotTaken => "It takes nothing when its endpoints are unavailable.",
            RejectedIsNotTaken => "It takes nothing when its endpoints reject everything.",
        }
    }
}
