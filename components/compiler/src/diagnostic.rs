//! What is wrong with a source, where, and what to do about it.
//!
//! A diagnostic is data. Whoever shows it has the texts, and finds lines and columns with [`LineIndex`].

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::source::SourceFile;

/// Whether a diagnostic forbids to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The package does not compile.
    Error,
    /// It compiles; somebody should look.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal,)*) => {
        /// What kind of thing is wrong. Names are stable: scripts and documents may rely on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $name)] $code,)*
        }

        impl Code {
            /// All codes, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The code as diagnostics show it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    /// There is no source file.
    NoSources = "no-sources",
    /// A file is longer than [`crate::source::FILE_LIMIT`].
    FileTooLarge = "file-too-large",
    /// A file that is not UTF-8.
    NotText = "not-text",
    /// A file given twice.
    DuplicateFile = "duplicate-file",
    /// A character that means nothing outside texts and comments.
    UnexpectedCharacter = "unexpected-character",
    /// A control or direction character that makes a text or comment look like what it is not.
    HiddenCharacter = "hidden-character",
    /// A text without its closing quote.
    UnterminatedText = "unterminated-text",
    /// A text in other quotes than `"`.
    WrongQuotes = "wrong-quotes",
    /// An operator of other languages.
    ForeignOperator = "foreign-operator",
    /// A keyword in small letters.
    LowercaseKeyword = "lowercase-keyword",
    /// Something else was expected here.
    UnexpectedToken = "unexpected-token",
    /// Two conditions without AND or OR between them.
    MissingConnective = "missing-connective",
    /// A bracket that is never closed.
    Unclosed = "unclosed",
    /// Conditions nested too deeply.
    NestedTooDeeply = "nested-too-deeply",
    /// A name that breaks the rules for names.
    MalformedName = "malformed-name",
    /// An escape that texts do not have.
    InvalidEscape = "invalid-escape",
    /// A text longer than values can be.
    TextTooLong = "text-too-long",
    /// A number that is not an integer.
    InvalidInteger = "invalid-integer",
    /// An integer outside 64 bits.
    IntegerOutOfRange = "integer-out-of-range",
    /// No file has a PACKAGE header.
    MissingPackage = "missing-package",
    /// A second PACKAGE header.
    DuplicatePackage = "duplicate-package",
    /// The PACKAGE header has no VERSION.
    MissingVersion = "missing-version",
    /// VERSION is not a semantic version.
    InvalidVersion = "invalid-version",
    /// An attribute declared twice.
    DuplicateAttribute = "duplicate-attribute",
    /// A class defined twice.
    DuplicateClass = "duplicate-class",
    /// A parameter declared twice.
    DuplicateParameter = "duplicate-parameter",
    /// A RANGE that its type cannot have, or with nothing in it.
    InvalidRange = "invalid-range",
    /// A value outside of the parameter's range.
    OutsideRange = "outside-range",
    /// An OPTIONAL attribute without a DEFAULT that a policy reads without asking whether it is there.
    UnguardedOptional = "unguarded-optional",
    /// A parameter that no policy reads.
    UnusedParameter = "unused-parameter",
    /// A DEFAULT of an attribute that is not OPTIONAL, or two of one attribute.
    InvalidDefault = "invalid-default",
    /// An EFFECTIVE that ends before it begins.
    EmptyPeriod = "empty-period",
    /// A test that depends on the time and does not say what time it is.
    MissingNow = "missing-now",
    /// A policy name used twice.
    DuplicatePolicy = "duplicate-policy",
    /// A field given twice.
    DuplicateField = "duplicate-field",
    /// A class with the name that means every request.
    ReservedName = "reserved-name",
    /// A field that its block does not have.
    UnknownField = "unknown-field",
    /// A policy without a field that it must have.
    MissingField = "missing-field",
    /// A word that its field does not know.
    UnknownValue = "unknown-value",
    /// A text that an attribute never is, because the schema lists its values.
    UnknownChoice = "unknown-choice",
    /// A type that the language does not know.
    UnknownType = "unknown-type",
    /// A type that this version does not have.
    UnavailableType = "unavailable-type",
    /// An attribute that no schema declares.
    UnknownAttribute = "unknown-attribute",
    /// A class that is not defined.
    UnknownClass = "unknown-class",
    /// Operands whose types do not fit.
    TypeMismatch = "type-mismatch",
    /// A value where a condition must stand.
    NotACondition = "not-a-condition",
    /// A list in a place where no list can stand, or with members that no list can have.
    InvalidList = "invalid-list",
    /// More attributes are read than a component can have.
    TooManyInputs = "too-many-inputs",
    /// Classes make the package larger than packages can be.
    PackageTooLarge = "package-too-large",
    /// An IMPORT that names what cannot be imported.
    InvalidImport = "invalid-import",
    /// An IMPORT of a package that is not there.
    UnknownImport = "unknown-import",
    /// A package that imports itself, by way of others perhaps.
    ImportCycle = "import-cycle",
    /// Imports of imports of imports, too many.
    ImportTooDeep = "import-too-deep",
    /// A class that no policy uses.
    UnusedClass = "unused-class",
    /// A list that no policy uses.
    UnusedData = "unused-data",
    /// A list defined twice.
    DuplicateData = "duplicate-data",
    /// One name for two things that conditions can name.
    AmbiguousName = "ambiguous-name",
    /// A path that no list file can have.
    InvalidPath = "invalid-path",
    /// A list file that the package does not have.
    MissingList = "missing-list",
    /// A line of a list file, or a member of a DATA block, that is no value of the list's type.
    InvalidEntry = "invalid-entry",
    /// More entries than lists can have.
    ListTooLong = "list-too-long",
    /// A package without policies.
    EmptyPackage = "empty-package",
    /// A text that must say something and says nothing.
    EmptyText = "empty-text",
    /// A pattern of LIKE or MATCHES that breaks the rules of its notation.
    MalformedPattern = "malformed-pattern",
    /// A pattern that asks for what automata cannot tell.
    UnsupportedPattern = "unsupported-pattern",
    /// A pattern whose automaton would be too large.
    PatternTooComplex = "pattern-too-complex",
    /// A REASON whose braces do not enclose attributes.
    MalformedTemplate = "malformed-template",
    /// An obligation that cannot be met, or says what none can.
    InvalidObligation = "invalid-obligation",
    /// Two obligations of one policy that cannot both be met.
    ClashingObligations = "clashing-obligations",
    /// An obligation of a policy that never raises one.
    IdleObligation = "idle-obligation",
    /// A control that the catalogue does not have.
    UnknownControl = "unknown-control",
    /// A control named twice by one policy.
    DuplicateControl = "duplicate-control",
    /// A test's title used twice.
    DuplicateTest = "duplicate-test",
    /// A fixture defined twice.
    DuplicateFixture = "duplicate-fixture",
    /// A fixture that is not defined.
    UnknownFixture = "unknown-fixture",
    /// A fixture that no test uses.
    UnusedFixture = "unused-fixture",
    /// An attribute given twice in one block of a test.
    DuplicateGiven = "duplicate-given",
    /// A policy that the package does not have.
    UnknownPolicy = "unknown-policy",
    /// A test or case without EXPECT.
    MissingExpectation = "missing-expectation",
    /// An EXPECT beside cases that have their own.
    MisplacedExpectation = "misplaced-expectation",
    /// An expectation that no request can meet.
    ImpossibleExpectation = "impossible-expectation",
    /// A text that is not an instant.
    InvalidInstant = "invalid-instant",
    /// A calculation with constants alone whose result does not fit 64 bits.
    ConstantOverflow = "constant-overflow",
    /// A calculation with more operands than one may have.
    TermTooLong = "term-too-long",
    /// A time zone that the database does not have.
    UnknownZone = "unknown-zone",
    /// Weekdays or times of day that make no part of a week or of a day.
    InvalidWindow = "invalid-window",
    /// A finding acknowledged where no such finding can be.
    MisplacedAcknowledgement = "misplaced-acknowledgement",
    /// A finding acknowledged twice.
    DuplicateAcknowledgement = "duplicate-acknowledgement",
    /// There are more errors than are shown.
    TooManyErrors = "too-many-errors",
    /// A file that the formatter cannot write without changing what it says.
    NotFormatted = "not-formatted",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// As indices into the text.
    pub fn range(self) -> Range<usize> {
        let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        index(self.start)..index(self.end)
    }
}

/// A range of bytes in one of the files given to [`crate::package::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Index of the file as given.
    pub file: u32,
    /// Where in the file.
    pub span: Span,
}

/// A place with something to say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there; may be empty.
    pub message: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whether it forbids to compile.
    pub severity: Severity,
    /// Which kind of thing it is.
    pub code: Code,
    /// What is wrong, as a sentence without capital and full stop.
    pub message: String,
    /// Where it is wrong; none only if there is no file.
    pub primary: Option<Label>,
    /// Other places that belong to it.
    pub secondary: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: Some(Label {
                place,
                message: String::new(),
            }),
            secondary: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, place, message)
        }
    }

    pub(crate) fn label(mut self, message: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.message = message.into();
        }
        self
    }

    pub(crate) fn also(mut self, place: Place, message: impl Into<String>) -> Self {
        self.secondary.push(Label {
            place,
            message: message.into(),
        });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The diagnostic with file names, lines and columns, for machines that read JSON.
    pub fn located(&self, files: &[SourceFile]) -> LocatedDiagnostic {
        let locate = |label: &Label| {
            let file = usize::try_from(label.place.file)
                .ok()
                .and_then(|index| files.get(index));
            let lines = LineIndex::new(file.map_or("", |file| &file.text));
            LocatedLabel {
                file: file.map_or_else(String::new, |file| file.name.clone()),
                span: label.place.span,
                start: lines.position(label.place.span.start),
                end: lines.position(label.place.span.end),
                message: label.message.clone(),
            }
        };
        LocatedDiagnostic {
            severity: self.severity,
            code: self.code,
            message: self.message.clone(),
            primary: self.primary.as_ref().map(locate),
            secondary: self.secondary.iter().map(locate).collect(),
            help: self.help.clone(),
        }
    }
}

/// A place in a text as people count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// A [`Label`] with its file's name and its lines and columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedLabel {
    /// The file's name.
    pub file: String,
    /// The bytes.
    pub span: Span,
    /// The first character.
    pub start: Position,
    /// One past the last character.
    pub end: Position,
    /// What is there; may be empty.
    pub message: String,
}

/// A [`Diagnostic`] whose labels are located.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocatedDiagnostic {
    /// Whether it forbids to compile.
    pub severity: Severity,
    /// Which kind of thing it is.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where it is wrong; none only if there is no file.
    pub primary: Option<LocatedLabel>,
    /// Other places that belong to it.
    pub secondary: Vec<LocatedLabel>,
    /// What to do.
    pub help: Option<String>,
}

/// Byte offsets to lines and columns of one text. Lines end with `\n`.
#[derive(Clone, Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// The index of `text`.
    pub fn new(text: &'a str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self {
            text,
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    /// The line and column of the character that begins at or encloses byte `offset`; the end for offsets past it.
    pub fn position(&self, offset: u32) -> Position {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|index| self.line_starts.get(index))
            .copied()
            .unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or("");
        let within = offset.saturating_sub(start);
        let column = rest
            .char_indices()
            .take_while(|(at, c)| at.saturating_add(c.len_utf8()) <= within)
            .count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position {
            line: count(line),
            column: count(column).saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = LineIndex::new("aä\r\nb\n");
        let at = |offset| {
            let position = lines.position(offset);
            (position.line, position.column)
        };
        assert_eq!([at(0), at(1), at(2), at(3)], [(1, 1), (1, 2), (1, 2), (1, 3)]);
        assert_eq!([at(5), at(6), at(7), at(99)], [(2, 1), (2, 2), (3, 1), (3, 1)]);
    }

    #[test]
    fn codes_are_distinct_kebab_words() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        );
    }
}
