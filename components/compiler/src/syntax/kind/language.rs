//! The language as rowan wants to know it: kinds as numbers, and back.

use super::SyntaxKind::{self, self as K};

/// The language, as rowan wants to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {}

/// All kinds, so that a number becomes a kind again without unsafe code.
#[rustfmt::skip]
static KINDS: [K; 154] = [
    K::Whitespace,
    K::Comment,
    K::ByteOrderMark,
    K::Word,
    K::DottedWord,
    K::ForeignWord,
    K::Number,
    K::Text,
    K::UnterminatedText,
    K::WronglyQuotedText,
    K::LeftBrace,
    K::RightBrace,
    K::LeftParen,
    K::RightParen,
    K::LeftBracket,
    K::RightBracket,
    K::Colon,
    K::Comma,
    K::Dot,
    K::DotDot,
    K::Minus,
    K::Plus,
    K::Star,
    K::Equal,
    K::EqualEqual,
    K::NotEqual,
    K::Less,
    K::LessEqual,
    K::Greater,
    K::GreaterEqual,
    K::ForeignAnd,
    K::ForeignOr,
    K::ForeignNot,
    K::ForeignNotEqual,
    K::ForeignEqual,
    K::PackageKeyword,
    K::VersionKeyword,
    K::DefaultKeyword,
    K::SchemaKeyword,
    K::OptionalKeyword,
    K::ImportKeyword,
    K::ClassKeyword,
    K::ParamKeyword,
    K::PolicyKeyword,
    K::DescriptionKeyword,
    K::ScopeKeyword,
    K::WhereKeyword,
    K::ConstraintKeyword,
    K::EnforcementKeyword,
    K::AuditKeyword,
    K::ExceptionKeyword,
    K::EffectiveKeyword,
    K::OwnerKeyword,
    K::JustificationKeyword,
    K::SeverityKeyword,
    K::ControlsKeyword,
    K::ReasonKeyword,
    K::ObligationKeyword,
    K::AcknowledgeKeyword,
    K::AndKeyword,
    K::OrKeyword,
    K::NotKeyword,
    K::InKeyword,
    K::ContainsKeyword,
    K::AnyKeyword,
    K::AllKeyword,
    K::StartsKeyword,
    K::EndsKeyword,
    K::WithKeyword,
    K::LikeKeyword,
    K::MatchesKeyword,
    K::WithinKeyword,
    K::IsKeyword,
    K::PresentKeyword,
    K::TestKeyword,
    K::FixtureKeyword,
    K::GivenKeyword,
    K::CaseKeyword,
    K::ExpectKeyword,
    K::NowKeyword,
    K::DataKeyword,
    K::FromKeyword,
    K::TrueKeyword,
    K::FalseKeyword,
    K::Stray,
    K::End,
    K::Root,
    K::Package,
    K::VersionField,
    K::DefaultField,
    K::Schema,
    K::Attribute,
    K::Type,
    K::Import,
    K::Class,
    K::Parameter,
    K::Range,
    K::Policy,
    K::Data,
    K::DescriptionField,
    K::ScopeField,
    K::ConstraintField,
    K::EnforcementField,
    K::AuditField,
    K::ExceptionField,
    K::EffectiveField,
    K::From,
    K::Until,
    K::OwnerField,
    K::JustificationField,
    K::SeverityField,
    K::ControlsField,
    K::ReasonField,
    K::ObligationField,
    K::Mask,
    K::Filter,
    K::Limit,
    K::Notify,
    K::AcknowledgeField,
    K::Test,
    K::Fixture,
    K::Given,
    K::Setting,
    K::Unavailable,
    K::Clock,
    K::Case,
    K::Expect,
    K::By,
    K::Because,
    K::Obliging,
    K::Body,
    K::Or,
    K::And,
    K::Not,
    K::Paren,
    K::Comparison,
    K::Membership,
    K::Containment,
    K::Affixing,
    K::Matching,
    K::Location,
    K::During,
    K::Window,
    K::Zone,
    K::Presence,
    K::Bare,
    K::Name,
    K::Literal,
    K::List,
    K::Sum,
    K::Product,
    K::Negative,
    K::Group,
    K::Mistake,
];

impl rowan::Language for Language {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        KINDS.get(usize::from(raw.0)).copied().unwrap_or(K::Mistake)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

/// A node of the tree.
pub type SyntaxNode = rowan::SyntaxNode<Language>;
/// A token of the tree.
pub type SyntaxToken = rowan::SyntaxToken<Language>;

#[cfg(test)]
mod tests {
    use rowan::Language as _;

    use super::*;

    #[test]
    fn kinds_and_numbers_are_the_same() {
        for kind in KINDS {
            assert_eq!(Language::kind_from_raw(Language::kind_to_raw(kind)), kind);
        }
        assert_eq!(KINDS.len(), K::Mistake as usize + 1);
    }
}
