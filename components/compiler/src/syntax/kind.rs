//! The kinds of tokens and nodes.

use logos::Logos;

mod language;

pub use language::{Language, SyntaxNode, SyntaxToken};

/// The kind of a token or node. Tokens carry the pattern that the lexer knows them by.
///
/// Keywords are reserved words in capitals. Words that mean something in one place only (`BLOCKING`, `TEXT`, `DENY`)
/// are plain words to the parser; the checker knows them.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
#[repr(u16)]
pub enum SyntaxKind {
    #[regex(r"([ \t\n]|\r\n)+")]
    Whitespace,
    #[regex(r"//[^\n\r]*", allow_greedy = true)]
    Comment,
    /// A byte order mark, allowed at the very beginning.
    ByteOrderMark,

    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    /// Two or more words with dots between them.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")]
    DottedWord,
    /// A word with letters that names cannot have.
    #[regex(r"[A-Za-z0-9_]*[\u{C0}-\u{1FFF}\u{3040}-\u{D7FF}\u{F900}-\u{FDFF}][A-Za-z0-9_.\u{C0}-\u{1FFF}\u{3040}-\u{D7FF}\u{F900}-\u{FDFF}]*")]
    ForeignWord,
    /// Anything that begins with a digit, so that `10x` and `1.5` are one mistake each.
    #[regex(r"[0-9][0-9A-Za-z_]*(\.[0-9][0-9A-Za-z_]*)?")]
    Number,
    #[regex(r#""([^"\\\n\r]|\\[^\n\r])*""#)]
    Text,
    #[regex(r#""([^"\\\n\r]|\\[^\n\r])*\\?"#)]
    UnterminatedText,
    #[regex(r"'[^'\n\r]*'")]
    #[regex("[“”„«»‘’‚][^“”„«»‘’‚\"\n\r]*[“”«»‘’\"]")]
    WronglyQuotedText,

    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token(":")]
    Colon,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("-")]
    Minus,
    #[token("+")]
    Plus,
    #[token("*")]
    Star,
    #[token("=")]
    Equal,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,

    // What people bring along from other languages. The lexer reports it and passes on what was meant.
    #[token("&&")]
    ForeignAnd,
    #[token("||")]
    ForeignOr,
    #[token("!")]
    ForeignNot,
    #[token("<>")]
    ForeignNotEqual,
    #[token("===")]
    ForeignEqual,

    #[token("PACKAGE")]
    PackageKeyword,
    #[token("VERSION")]
    VersionKeyword,
    #[token("DEFAULT")]
    DefaultKeyword,
    #[token("SCHEMA")]
    SchemaKeyword,
    #[token("OPTIONAL")]
    OptionalKeyword,
    #[token("IMPORT")]
    ImportKeyword,
    #[token("CLASS")]
    ClassKeyword,
    #[token("PARAM")]
    ParamKeyword,
    #[token("POLICY")]
    PolicyKeyword,
    #[token("DESCRIPTION")]
    DescriptionKeyword,
    #[token("SCOPE")]
    ScopeKeyword,
    #[token("WHERE")]
    WhereKeyword,
    #[token("CONSTRAINT")]
    ConstraintKeyword,
    #[token("ENFORCEMENT")]
    EnforcementKeyword,
    #[token("AUDIT")]
    AuditKeyword,
    #[token("EXCEPTION")]
    ExceptionKeyword,
    #[token("EFFECTIVE")]
    EffectiveKeyword,
    #[token("OWNER")]
    OwnerKeyword,
    #[token("JUSTIFICATION")]
    JustificationKeyword,
    #[token("SEVERITY")]
    SeverityKeyword,
    #[token("CONTROLS")]
    ControlsKeyword,
    #[token("REASON")]
    ReasonKeyword,
    #[token("OBLIGATION")]
    ObligationKeyword,
    #[token("ACKNOWLEDGE")]
    AcknowledgeKeyword,
    #[token("AND")]
    AndKeyword,
    #[token("OR")]
    OrKeyword,
    #[token("NOT")]
    NotKeyword,
    #[token("IN")]
    InKeyword,
    #[token("CONTAINS")]
    ContainsKeyword,
    #[token("ANY")]
    AnyKeyword,
    #[token("ALL")]
    AllKeyword,
    #[token("STARTS")]
    StartsKeyword,
    #[token("ENDS")]
    EndsKeyword,
    #[token("WITH")]
    WithKeyword,
    #[token("LIKE")]
    LikeKeyword,
    #[token("MATCHES")]
    MatchesKeyword,
    #[token("WITHIN")]
    WithinKeyword,
    #[token("IS")]
    IsKeyword,
    #[token("PRESENT")]
    PresentKeyword,
    #[token("TEST")]
    TestKeyword,
    #[token("FIXTURE")]
    FixtureKeyword,
    #[token("GIVEN")]
    GivenKeyword,
    #[token("CASE")]
    CaseKeyword,
    #[token("EXPECT")]
    ExpectKeyword,
    #[token("NOW")]
    NowKeyword,
    #[token("DATA")]
    DataKeyword,
    #[token("FROM")]
    FromKeyword,
    #[token("true")]
    TrueKeyword,
    #[token("false")]
    FalseKeyword,

    /// Characters that mean nothing; reported by the lexer, skipped by the parser.
    Stray,
    /// The end of the text; never in a tree.
    End,

    /// A file.
    Root,
    /// `PACKAGE name { … }`
    Package,
    /// `VERSION: "1.0.0"`
    VersionField,
    /// `DEFAULT: DENY`
    DefaultField,
    /// `SCHEMA { … }`
    Schema,
    /// `customer.region: TEXT OPTIONAL`
    Attribute,
    /// `SET OF TEXT`, `ONE OF ["gold", "silver"]`
    Type,
    /// `IMPORT "../common"`
    Import,
    /// `CLASS name: condition`
    Class,
    /// `PARAM name: INTEGER = 10 RANGE 1..100`
    Parameter,
    /// `RANGE 1..100`
    Range,
    /// `POLICY name { … }`
    Policy,
    /// `DATA name FROM "path"`, `DATA name: TYPE ["a", "b"]`
    Data,
    DescriptionField,
    ScopeField,
    ConstraintField,
    EnforcementField,
    AuditField,
    ExceptionField,
    /// `EFFECTIVE: FROM "2026-01-01T00:00:00Z" UNTIL "2027-01-01T00:00:00Z"`
    EffectiveField,
    /// `FROM "…"`
    From,
    /// `UNTIL "…"`
    Until,
    OwnerField,
    JustificationField,
    SeverityField,
    ControlsField,
    ReasonField,
    ObligationField,
    /// `MASK response.body.ssn KEEP LAST 4`
    Mask,
    /// `FILTER rows WHERE row.region == customer.region`
    Filter,
    /// `LIMIT 100 PER 1m BY identity.subject`
    Limit,
    /// `NOTIFY "security@example.com" WITH "…"`
    Notify,
    AcknowledgeField,
    /// `TEST "what it shows" { … }`
    Test,
    /// `FIXTURE name { … }`
    Fixture,
    /// `GIVEN { … }`, `GIVEN fixture`, `GIVEN fixture WITH { … }`
    Given,
    /// `customer.region: "EU"` in a GIVEN, CASE or FIXTURE block.
    Setting,
    /// `ABSENT`, `FAILED "why"`
    Unavailable,
    /// `NOW: "2026-01-01T00:00:00Z"`
    Clock,
    /// `CASE { … } EXPECT ALLOW`
    Case,
    /// `EXPECT DENY BY policy BECAUSE CONTAINS "text"`
    Expect,
    /// `BY policy`
    By,
    /// `BECAUSE CONTAINS "text"`, `BECAUSE "reason"`
    Because,
    /// `OBLIGING MASK response.body.ssn`
    Obliging,
    /// `condition` or `{ condition }`, where the language allows both.
    Body,
    /// `a OR b OR c`
    Or,
    /// `a AND b AND c`
    And,
    /// `NOT a`
    Not,
    /// `( a )`
    Paren,
    /// `a == b` and its kin.
    Comparison,
    /// `a IN b`, `a NOT IN b`
    Membership,
    /// `a CONTAINS b`, `a CONTAINS ANY [b, c]`, `a CONTAINS ALL [b, c]`
    Containment,
    /// `a STARTS WITH b`, `a ENDS WITH b`
    Affixing,
    /// `a LIKE b`, `a NOT LIKE b`, `a MATCHES b`, `a NOT MATCHES b`
    Matching,
    /// `a WITHIN b`
    Location,
    /// `a WITHIN b IN c`
    During,
    /// `MONDAY TO FRIDAY`, `[MONDAY, FRIDAY]`, `"09:00" TO "17:00"`
    Window,
    /// `IN "Europe/Berlin"`
    Zone,
    /// `a IS PRESENT`, `a IS NOT PRESENT`
    Presence,
    /// An operand that stands for itself.
    Bare,
    /// The name of an attribute.
    Name,
    /// A text, number, `true` or `false`.
    Literal,
    /// `[a, b]`
    List,
    /// `a + b - c`
    Sum,
    /// `a * b`
    Product,
    /// `-a`
    Negative,
    /// `( a )`, where `a` is an operand.
    Group,
    /// What could not be understood.
    Mistake,
}

use SyntaxKind as K;

/// Reserved words by their spelling.
const KEYWORDS: [(&str, K); 49] = [
    ("PACKAGE", K::PackageKeyword),
    ("VERSION", K::VersionKeyword),
    ("DEFAULT", K::DefaultKeyword),
    ("SCHEMA", K::SchemaKeyword),
    ("OPTIONAL", K::OptionalKeyword),
    ("IMPORT", K::ImportKeyword),
    ("CLASS", K::ClassKeyword),
    ("PARAM", K::ParamKeyword),
    ("POLICY", K::PolicyKeyword),
    ("DESCRIPTION", K::DescriptionKeyword),
    ("SCOPE", K::ScopeKeyword),
    ("WHERE", K::WhereKeyword),
    ("CONSTRAINT", K::ConstraintKeyword),
    ("ENFORCEMENT", K::EnforcementKeyword),
    ("AUDIT", K::AuditKeyword),
    ("EXCEPTION", K::ExceptionKeyword),
    ("EFFECTIVE", K::EffectiveKeyword),
    ("OWNER", K::OwnerKeyword),
    ("JUSTIFICATION", K::JustificationKeyword),
    ("SEVERITY", K::SeverityKeyword),
    ("CONTROLS", K::ControlsKeyword),
    ("REASON", K::ReasonKeyword),
    ("OBLIGATION", K::ObligationKeyword),
    ("ACKNOWLEDGE", K::AcknowledgeKeyword),
    ("AND", K::AndKeyword),
    ("OR", K::OrKeyword),
    ("NOT", K::NotKeyword),
    ("IN", K::InKeyword),
    ("CONTAINS", K::ContainsKeyword),
    ("ANY", K::AnyKeyword),
    ("ALL", K::AllKeyword),
    ("STARTS", K::StartsKeyword),
    ("ENDS", K::EndsKeyword),
    ("WITH", K::WithKeyword),
    ("LIKE", K::LikeKeyword),
    ("MATCHES", K::MatchesKeyword),
    ("WITHIN", K::WithinKeyword),
    ("IS", K::IsKeyword),
    ("PRESENT", K::PresentKeyword),
    ("TEST", K::TestKeyword),
    ("FIXTURE", K::FixtureKeyword),
    ("GIVEN", K::GivenKeyword),
    ("CASE", K::CaseKeyword),
    ("EXPECT", K::ExpectKeyword),
    ("NOW", K::NowKeyword),
    ("DATA", K::DataKeyword),
    ("FROM", K::FromKeyword),
    ("true", K::TrueKeyword),
    ("false", K::FalseKeyword),
];

impl SyntaxKind {
    /// Whether the parser passes over it.
    pub fn is_trivia(self) -> bool {
        matches!(self, K::Whitespace | K::Comment | K::ByteOrderMark | K::Stray)
    }

    /// Whether it begins a block of a file.
    pub fn begins_item(self) -> bool {
        matches!(
            self,
            K::PackageKeyword | K::SchemaKeyword | K::ClassKeyword | K::ParamKeyword | K::PolicyKeyword
        ) || matches!(
            self,
            K::TestKeyword | K::FixtureKeyword | K::DataKeyword | K::ImportKeyword
        )
    }

    /// Whether it begins an entry of a TEST block.
    pub fn begins_test_entry(self) -> bool {
        matches!(self, K::GivenKeyword | K::CaseKeyword | K::ExpectKeyword)
    }

    /// Whether it names a field of a PACKAGE or POLICY block.
    pub fn begins_field(self) -> bool {
        matches!(
            self,
            K::VersionKeyword
                | K::DefaultKeyword
                | K::DescriptionKeyword
                | K::ScopeKeyword
                | K::ConstraintKeyword
                | K::EnforcementKeyword
                | K::AuditKeyword
                | K::ExceptionKeyword
                | K::EffectiveKeyword
                | K::OwnerKeyword
                | K::JustificationKeyword
                | K::SeverityKeyword
                | K::ControlsKeyword
                | K::ReasonKeyword
                | K::ObligationKeyword
                | K::AcknowledgeKeyword
        )
    }

    /// The keyword that `word` is, however its letters are written.
    pub fn keyword_like(word: &str) -> Option<Self> {
        KEYWORDS
            .iter()
            .find(|(keyword, _)| keyword.eq_ignore_ascii_case(word))
            .map(|(_, kind)| *kind)
    }

    /// The spelling of a keyword.
    pub fn spelling(self) -> Option<&'static str> {
        KEYWORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map(|(keyword, _)| *keyword)
    }
}
