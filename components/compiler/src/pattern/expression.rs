//! The regular expressions of MATCHES.
//!
//! The notation is that of the crate `regex`, with what follows from matching whole texts: there are no lines, so `.`
//! is any character, and `^` and `$` say nothing that is not so already. `\d`, `\w` and `\s` are ASCII: what an
//! allow-list lets pass should be what its reader sees. There are no tables of Unicode behind it, so that the meaning
//! does not change with their versions.

use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassAsciiKind, ClassBracketed, ClassPerlKind, ClassSet, ClassSetBinaryOpKind,
    ClassSetItem, ErrorKind, GroupKind, RepetitionKind, RepetitionRange,
};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Repetition};

use super::{PatternError, PatternErrorKind};

/// How deep groups and classes may be nested.
const NESTING: u32 = 64;

/// What lets ASCII letters stand for both cases, at the very beginning.
const EITHER_CASE: &str = "(?i)";

/// The texts that an expression matches.
pub(super) fn hir(written: &str) -> Result<Hir, PatternError> {
    let (body, either_case) = match written.strip_prefix(EITHER_CASE) {
        Some(body) => (body, true),
        None => (written, false),
    };
    let offset = written.len().saturating_sub(body.len());
    let translator = Translator {
        body,
        offset,
        either_case,
    };
    let mut parser = ParserBuilder::new().nest_limit(NESTING).build();
    let ast = parser.parse(body).map_err(|error| translator.refused(&error))?;
    translator.hir(&ast)
}

struct Translator<'a> {
    body: &'a str,
    /// Bytes of the pattern before the body.
    offset: usize,
    either_case: bool,
}

impl Translator<'_> {
    fn error(&self, kind: PatternErrorKind, span: &ast::Span, message: &str, help: &str) -> PatternError {
        PatternError {
            kind,
            span: self.offset.saturating_add(span.start.offset)..self.offset.saturating_add(span.end.offset),
            message: message.to_owned(),
            help: help.to_owned(),
        }
    }

    fn unsupported(&self, span: &ast::Span, message: &str, help: &str) -> PatternError {
        self.error(PatternErrorKind::Unsupported, span, message, help)
    }

    /// What the parser says.
    fn refused(&self, error: &ast::Error) -> PatternError {
        let span = error.span();
        match error.kind() {
            ErrorKind::UnsupportedLookAround => {
                let help = "join two conditions instead: `a MATCHES \"…\" AND NOT a MATCHES \"…\"`";
                self.unsupported(span, "expressions have no look-around", help)
            }
            ErrorKind::UnsupportedBackreference => {
                let help = "no automaton can compare parts of a text; write what may stand there again";
                self.unsupported(span, "expressions have no back-references", help)
            }
            ErrorKind::NestLimitExceeded(_) => {
                let message = format!("groups are nested deeper than {NESTING}");
                self.error(PatternErrorKind::TooComplex, span, &message, "split the pattern")
            }
            kind => {
                let message = format!("this is not a regular expression: {kind}");
                let help = "a backslash in the quotes of a text is written `\\\\`";
                self.error(PatternErrorKind::Malformed, span, &message, help)
            }
        }
    }

    fn hir(&self, ast: &Ast) -> Result<Hir, PatternError> {
        let all = |asts: &[Ast]| -> Result<Vec<Hir>, PatternError> {
            asts.iter().map(|ast| self.hir(ast)).collect()
        };
        Ok(match ast {
            Ast::Empty(_) => Hir::empty(),
            Ast::Flags(flags) => return Err(self.flags(&flags.span)),
            Ast::Literal(literal) => self.class(single(literal.c)),
            Ast::Dot(_) => Hir::class(Class::Unicode(any())),
            Ast::Assertion(assertion) => return self.assertion(assertion),
            Ast::ClassUnicode(class) => return Err(self.table(&class.span)),
            Ast::ClassPerl(class) => Hir::class(Class::Unicode(perl(class))),
            Ast::ClassBracketed(class) => Hir::class(Class::Unicode(self.bracketed(class)?)),
            Ast::Repetition(repetition) => {
                let (min, max) = bounds(&repetition.op.kind);
                Hir::repetition(Repetition {
                    min,
                    max,
                    greedy: true,
                    sub: Box::new(self.hir(&repetition.ast)?),
                })
            }
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) if !flags.items.is_empty() => {
                    return Err(self.flags(&flags.span));
                }
                _ => self.hir(&group.ast)?,
            },
            Ast::Alternation(alternation) => Hir::alternation(all(&alternation.asts)?),
            Ast::Concat(concat) => Hir::concat(all(&concat.asts)?),
        })
    }

    /// The whole text is matched anyway, so `^` at its start and `$` at its end are true.
    fn assertion(&self, assertion: &ast::Assertion) -> Result<Hir, PatternError> {
        let span = &assertion.span;
        let (message, help) = match assertion.kind {
            AssertionKind::StartLine if span.start.offset == 0 => return Ok(Hir::empty()),
            AssertionKind::EndLine if span.end.offset == self.body.len() => return Ok(Hir::empty()),
            AssertionKind::StartLine
            | AssertionKind::EndLine
            | AssertionKind::StartText
            | AssertionKind::EndText => (
                "a pattern matches the whole text, so this can stand here only if nothing does",
                "leave it out; a literal `^` or `$` is written `\\\\^` or `\\\\$` in the quotes",
            ),
            _ => (
                "expressions have no word boundaries",
                "write what stands between the words, as in `(.*[^a-z])?word([^a-z].*)?`",
            ),
        };
        Err(self.unsupported(span, message, help))
    }

    fn flags(&self, span: &ast::Span) -> PatternError {
        let help =
            "`(?i)` at the very beginning lets letters from A to Z stand for both cases; groups are `(…)`";
        self.unsupported(span, "expressions have no flags here", help)
    }

    fn table(&self, span: &ast::Span) -> PatternError {
        let help = "write the characters as ranges: `[a-zäöüß]`";
        self.unsupported(span, "expressions have no classes of Unicode", help)
    }

    fn bracketed(&self, bracketed: &ClassBracketed) -> Result<ClassUnicode, PatternError> {
        let mut class = self.set(&bracketed.kind)?;
        // Before the complement: what is excluded is excluded in both cases.
        self.fold(&mut class);
        if bracketed.negated {
            class.negate();
        }
        Ok(class)
    }

    fn set(&self, set: &ClassSet) -> Result<ClassUnicode, PatternError> {
        let operation = match set {
            ClassSet::Item(item) => return self.item(item),
            ClassSet::BinaryOp(operation) => operation,
        };
        let (mut class, mut other) = (self.set(&operation.lhs)?, self.set(&operation.rhs)?);
        self.fold(&mut class);
        self.fold(&mut other);
        match operation.kind {
            ClassSetBinaryOpKind::Intersection => class.intersect(&other),
            ClassSetBinaryOpKind::Difference => class.difference(&other),
            ClassSetBinaryOpKind::SymmetricDifference => class.symmetric_difference(&other),
        }
        Ok(class)
    }

    fn item(&self, item: &ClassSetItem) -> Result<ClassUnicode, PatternError> {
        Ok(match item {
            ClassSetItem::Empty(_) => ClassUnicode::empty(),
            ClassSetItem::Literal(literal) => single(literal.c),
            ClassSetItem::Range(range) => of(&[(range.start.c, range.end.c)]),
            ClassSetItem::Ascii(class) => negated(ascii(&class.kind), class.negated),
            ClassSetItem::Unicode(class) => return Err(self.table(&class.span)),
            ClassSetItem::Perl(class) => perl(class),
            ClassSetItem::Bracketed(bracketed) => self.bracketed(bracketed)?,
            ClassSetItem::Union(union) => {
                let mut class = ClassUnicode::empty();
                for item in &union.items {
                    class.union(&self.item(item)?);
                }
                class
            }
        })
    }

    fn class(&self, mut class: ClassUnicode) -> Hir {
        self.fold(&mut class);
        Hir::class(Class::Unicode(class))
    }

    fn fold(&self, class: &mut ClassUnicode) {
        if !self.either_case {
            return;
        }
        let mut others = ClassUnicode::empty();
        for range in class.ranges() {
            let letters = ('A'..='Z').chain('a'..='z');
            let inside = letters.filter(|letter| (range.start()..=range.end()).contains(letter));
            for letter in inside {
                let other = if letter.is_ascii_lowercase() {
                    letter.to_ascii_uppercase()
                } else {
                    letter.to_ascii_lowercase()
                };
                others.push(ClassUnicodeRange::new(other, other));
            }
        }
        class.union(&others);
    }
}

fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(
        ranges
            .iter()
            .map(|(start, end)| ClassUnicodeRange::new(*start, *end)),
    )
}

fn single(character: char) -> ClassUnicode {
    of(&[(character, character)])
}

fn any() -> ClassUnicode {
    of(&[('\0', char::MAX)])
}

fn negated(mut class: ClassUnicode, negated: bool) -> ClassUnicode {
    if negated {
        class.negate();
    }
    class
}

fn perl(class: &ast::ClassPerl) -> ClassUnicode {
    let kind = match class.kind {
        ClassPerlKind::Digit => ClassAsciiKind::Digit,
        ClassPerlKind::Space => ClassAsciiKind::Space,
        ClassPerlKind::Word => ClassAsciiKind::Word,
    };
    negated(ascii(&kind), class.negated)
}

fn ascii(kind: &ClassAsciiKind) -> ClassUnicode {
    of(match kind {
        ClassAsciiKind::Alnum => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Alpha => &[('A', 'Z'), ('a', 'z')],
        ClassAsciiKind::Ascii => &[('\0', '\x7f')],
        ClassAsciiKind::Blank => &[('\t', '\t'), (' ', ' ')],
        ClassAsciiKind::Cntrl => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        ClassAsciiKind::Digit => &[('0', '9')],
        ClassAsciiKind::Graph => &[('!', '~')],
        ClassAsciiKind::Lower => &[('a', 'z')],
        ClassAsciiKind::Print => &[(' ', '~')],
        ClassAsciiKind::Punct => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        ClassAsciiKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassAsciiKind::Upper => &[('A', 'Z')],
        ClassAsciiKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        ClassAsciiKind::Xdigit => &[('0', '9'), ('A', 'F'), ('a', 'f')],
    })
}

fn bounds(kind: &RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(count)) => (*count, Some(*count)),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (*least, None),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (*least, Some(*most)),
    }
}
