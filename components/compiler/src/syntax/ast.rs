//! Typed views of the tree. What is missing from a malformed source is `None`; the parser has said so.

use super::kind::{SyntaxKind as K, SyntaxNode, SyntaxToken};
use crate::diagnostic::Span;

mod parts;

/// A node of a known kind.
pub trait AstNode: Sized {
    /// The view of `node`, if it is of the kind.
    fn cast(node: SyntaxNode) -> Option<Self>;
    /// The node behind the view.
    fn syntax(&self) -> &SyntaxNode;

    /// The bytes from its first token that is no trivia to its last.
    fn span(&self) -> Span {
        span(self.syntax().text_range())
    }
}

/// A range of the tree as a span.
pub fn span(range: rowan::TextRange) -> Span {
    Span {
        start: range.start().into(),
        end: range.end().into(),
    }
}

macro_rules! nodes {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub(super) SyntaxNode);

        impl AstNode for $name {
            fn cast(node: SyntaxNode) -> Option<Self> {
                (node.kind() == K::$name).then_some(Self(node))
            }

            fn syntax(&self) -> &SyntaxNode {
                &self.0
            }
        }
    )*};
}

nodes! {
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
    /// `customer.region: TEXT OPTIONAL`, `customer.tier: TEXT OPTIONAL DEFAULT "none"`
    Attribute,
    /// `SET OF TEXT`
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
    /// `DATA name FROM "path"`
    Data,
    /// `DESCRIPTION: "…"`
    DescriptionField,
    /// `SCOPE: class WHERE condition`
    ScopeField,
    /// `CONSTRAINT: condition`
    ConstraintField,
    /// `ENFORCEMENT: BLOCKING`
    EnforcementField,
    /// `AUDIT: REQUIRED`
    AuditField,
    /// `EXCEPTION: break_glass_token_required`
    ExceptionField,
    /// `EFFECTIVE: FROM "…" UNTIL "…"`
    EffectiveField,
    /// `FROM "…"`
    From,
    /// `UNTIL "…"`
    Until,
    /// `OWNER: "…"`
    OwnerField,
    /// `JUSTIFICATION: "…"`
    JustificationField,
    /// `SEVERITY: HIGH`
    SeverityField,
    /// `CONTROLS: ["GDPR Art. 44"]`
    ControlsField,
    /// `REASON: "storage in {storage.location} violates EU residency"`
    ReasonField,
    /// `OBLIGATION: MASK response.body.ssn`
    ObligationField,
    /// `MASK response.body.ssn KEEP LAST 4`
    Mask,
    /// `FILTER rows WHERE row.region == customer.region`
    Filter,
    /// `LIMIT 100 PER 1m BY identity.subject`
    Limit,
    /// `NOTIFY "security@example.com" WITH "…"`
    Notify,
    /// `ACKNOWLEDGE: policies_conflict WITH other_policy BECAUSE "…"`
    AcknowledgeField,
    /// `TEST "what it shows" { … }`
    Test,
    /// `FIXTURE name { … }`
    Fixture,
    /// `GIVEN fixture WITH { … }`
    Given,
    /// `customer.region: "EU"`
    Setting,
    /// `ABSENT`, `FAILED "why"`
    Unavailable,
    /// `NOW: "2026-01-01T00:00:00Z"`
    Clock,
    /// `CASE { … } EXPECT ALLOW`
    Case,
    /// `EXPECT DENY BY policy`
    Expect,
    /// `BY policy`
    By,
    /// `BECAUSE CONTAINS "text"`
    Because,
    /// `OBLIGING MASK response.body.ssn`
    Obliging,
    /// A condition, in braces or bare.
    Body,
    /// `a OR b`
    Or,
    /// `a AND b`
    And,
    /// `NOT a`
    Not,
    /// `( a )`
    Paren,
    /// `a == b`
    Comparison,
    /// `a IN b`
    Membership,
    /// `a CONTAINS b`
    Containment,
    /// `a STARTS WITH b`
    Affixing,
    /// `a LIKE b`, `a MATCHES b`
    Matching,
    /// `a WITHIN b`
    Location,
    /// `a WITHIN b IN c`
    During,
    /// `MONDAY TO FRIDAY`, `[MONDAY, FRIDAY]`, `"09:00" TO "17:00"`
    Window,
    /// `IN "Europe/Berlin"`
    Zone,
    /// `a IS PRESENT`
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
}

macro_rules! unions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant($variant),)*
        }

        impl AstNode for $name {
            fn cast(node: SyntaxNode) -> Option<Self> {
                match node.kind() {
                    $(K::$variant => Some(Self::$variant($variant(node))),)*
                    _ => None,
                }
            }

            fn syntax(&self) -> &SyntaxNode {
                match self {
                    $(Self::$variant(node) => node.syntax(),)*
                }
            }
        }
    )*};
}

unions! {
    /// A block of a file.
    Item {
        /// The header.
        Package,
        /// Attributes and their types.
        Schema,
        /// Schemas and classes of another package.
        Import,
        /// A named condition.
        Class,
        /// A value that a bundle may set.
        Parameter,
        /// A policy.
        Policy,
        /// A named list.
        Data,
        /// What policies must decide.
        Test,
        /// Values that tests share.
        Fixture,
    }
    /// What a test says of an attribute.
    GivenValue {
        /// One value.
        Literal,
        /// The members of a set.
        List,
        /// There is none.
        Unavailable,
    }
    /// A field of a PACKAGE or POLICY block.
    Field {
        /// The package's version.
        VersionField,
        /// What holds for requests that are not covered.
        DefaultField,
        /// A sentence for people.
        DescriptionField,
        /// Which requests the policy is about.
        ScopeField,
        /// What must hold.
        ConstraintField,
        /// What a violation does.
        EnforcementField,
        /// How far evidence must have come.
        AuditField,
        /// How a denial may be overridden.
        ExceptionField,
        /// When it applies.
        EffectiveField,
        /// Who answers for it.
        OwnerField,
        /// Why it exists.
        JustificationField,
        /// How bad a violation is.
        SeverityField,
        /// Which controls of a framework it serves.
        ControlsField,
        /// What a violation says.
        ReasonField,
        /// What must be done when a request goes through.
        ObligationField,
        /// What the analysis finds, and why it stays.
        AcknowledgeField,
    }
    /// What must be done when a request goes through.
    Obligation {
        /// A part of the response is hidden.
        Mask,
        /// Rows of the response are left out.
        Filter,
        /// No more than so many requests in so much time.
        Limit,
        /// Somebody is told.
        Notify,
    }
    /// A condition.
    Condition {
        /// One holds.
        Or,
        /// All hold.
        And,
        /// It does not hold.
        Not,
        /// In parentheses.
        Paren,
        /// Two values are compared.
        Comparison,
        /// A value is in a list or set.
        Membership,
        /// A set contains a value.
        Containment,
        /// A text begins or ends with another.
        Affixing,
        /// A text has a pattern.
        Matching,
        /// An address is in a network.
        Location,
        /// An instant is in a part of the week or of the day.
        During,
        /// An attribute is there.
        Presence,
        /// An operand that stands for itself.
        Bare,
    }
    /// A value to compare.
    Operand {
        /// An attribute.
        Name,
        /// A literal.
        Literal,
        /// A list of literals.
        List,
        /// Operands that are added and subtracted.
        Sum,
        /// Operands that are multiplied.
        Product,
        /// An operand with its sign changed.
        Negative,
        /// An operand in parentheses.
        Group,
    }
}
