//! Text to tokens, and what is wrong with single tokens.

use logos::Logos;

use super::kind::SyntaxKind as K;
use super::literal;
use crate::diagnostic::{Code, Diagnostic, Place, Span};

/// A token and the bytes that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: K,
    /// Its bytes.
    pub span: Span,
}

/// Takes a diagnostic, or does not: then it need not be made.
pub type Report<'a> = &'a mut dyn FnMut(&mut dyn FnMut() -> Diagnostic);

/// The tokens of `text`, without gaps, and then [`K::End`]. `text` is at most [`crate::source::FILE_LIMIT`] long.
///
/// What is wrong goes to `report`; operators of other languages are passed on as what they mean.
pub fn tokens(file: u32, text: &str, report: Report<'_>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len().checked_div(4).unwrap_or(0));
    let mut lexer = K::lexer(text);
    while let Some(result) = lexer.next() {
        let span = span(lexer.span());
        let place = Place { file, span };
        let kind = match result {
            Err(()) if span.start == 0 && lexer.slice() == "\u{feff}" => K::ByteOrderMark,
            Err(()) => {
                if let Some(last) = tokens.last_mut() {
                    if last.kind == K::Stray {
                        last.span.end = span.end;
                        continue;
                    }
                }
                report(&mut || stray(place, lexer.slice()));
                K::Stray
            }
            Ok(kind) => {
                complain(kind, place, lexer.slice(), report);
                meant(kind)
            }
        };
        tokens.push(Token { kind, span });
    }
    let end = offset(text.len());
    tokens.push(Token {
        kind: K::End,
        span: Span { start: end, end },
    });
    tokens
}

fn complain(kind: K, place: Place, text: &str, report: Report<'_>) {
    let foreign = |write: &str| {
        let message = format!("`{text}` is not an operator of this language");
        Diagnostic::error(Code::ForeignOperator, place, message).help(format!("write `{write}`"))
    };
    match kind {
        K::ForeignAnd => report(&mut || foreign("AND")),
        K::ForeignOr => report(&mut || foreign("OR")),
        K::ForeignNot => report(&mut || foreign("NOT")),
        K::ForeignEqual => report(&mut || foreign("==")),
        K::ForeignNotEqual => report(&mut || foreign("!=")),
        K::ForeignWord => report(&mut || {
            let message = format!("`{text}` is not a name: it has letters outside A to Z");
            let help = "names have the letters a to z and A to Z, digits and `_`; other letters stand in texts and \
                        comments";
            Diagnostic::error(Code::UnexpectedCharacter, place, message).help(help)
        }),
        K::UnterminatedText => report(&mut || {
            let start = Span {
                start: place.span.start,
                end: place.span.start.saturating_add(1),
            };
            let message = "this text has no closing quote on its line";
            Diagnostic::error(Code::UnterminatedText, Place { span: start, ..place }, message)
                .help("close it with `\"`; a line break inside a text is written `\\n`")
        }),
        K::WronglyQuotedText => report(&mut || {
            let inner = text.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
            Diagnostic::error(Code::WrongQuotes, place, "texts stand in straight double quotes")
                .help(format!("write `\"{inner}\"`"))
        }),
        K::Text | K::Comment => {
            if let Some((at, found)) = hidden(text) {
                report(&mut || hidden_character(kind, place, at, found));
            }
        }
        _ => {}
    }
}

/// What an operator of another language means in ours.
fn meant(kind: K) -> K {
    match kind {
        K::ForeignAnd => K::AndKeyword,
        K::ForeignOr => K::OrKeyword,
        K::ForeignNot => K::NotKeyword,
        K::ForeignEqual => K::EqualEqual,
        K::ForeignNotEqual => K::NotEqual,
        other => other,
    }
}

fn stray(place: Place, text: &str) -> Diagnostic {
    let shown: String = text.chars().take(1).flat_map(char::escape_debug).collect();
    let help = match text.chars().next() {
        Some(';') => "entries and fields end without `;`: leave it out",
        Some('#') => "comments begin with `//`",
        Some('/') => "comments begin with `//` and reach to the end of the line; there is no division",
        Some('\'') => "texts stand in `\"`",
        Some('\r') => "lines end with a line feed, alone or after a carriage return; save the file that way",
        Some('\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{3000}') => {
            "this is a special space: replace it by a plain one"
        }
        Some('\u{feff}') => "a byte order mark may only begin a file: remove it",
        _ => "outside texts and comments, only ASCII letters, digits and the signs of the language may stand",
    };
    Diagnostic::error(
        Code::UnexpectedCharacter,
        place,
        format!("the character `{shown}` means nothing here"),
    )
    .help(help)
}

/// The first character that a reader does not see, or that turns the direction of what is read: it could make a
/// policy look like another one (CVE-2021-42574).
pub(crate) fn hidden(text: &str) -> Option<(usize, char)> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    text.char_indices().find(|(_, c)| literal::is_hidden(*c))
}

fn hidden_character(kind: K, place: Place, at: usize, found: char) -> Diagnostic {
    let start = place.span.start.saturating_add(offset(at));
    let span = Span {
        start,
        end: start.saturating_add(offset(found.len_utf8())),
    };
    let number = u32::from(found);
    let help = match kind {
        K::Text => format!("if the text needs it, write `\\u{{{number:x}}}`"),
        _ => "remove it".to_owned(),
    };
    let message = format!("the invisible character U+{number:04X} may not stand here");
    Diagnostic::error(Code::HiddenCharacter, Place { span, ..place }, message).help(help)
}

fn span(range: std::ops::Range<usize>) -> Span {
    Span {
        start: offset(range.start),
        end: offset(range.end),
    }
}

/// Files are far below 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> (Vec<K>, Vec<Code>) {
        let mut codes = Vec::new();
        let tokens = tokens(0, text, &mut |diagnostic| codes.push(diagnostic().code));
        (
            tokens
                .iter()
                .map(|token| token.kind)
                .filter(|kind| *kind != K::Whitespace)
                .collect(),
            codes,
        )
    }

    #[test]
    fn words_numbers_and_texts() {
        let (found, codes) = kinds("POLICY policy a.IN x_1 12 1.5 \"a\\\"b\" -3 true");
        let expected = [
            K::PolicyKeyword,
            K::Word,
            K::DottedWord,
            K::Word,
            K::Number,
            K::Number,
            K::Text,
            K::Minus,
            K::Number,
            K::TrueKeyword,
            K::End,
        ];
        assert_eq!(found, expected);
        assert!(codes.is_empty());
    }

    #[test]
    fn what_other_languages_write_is_named_and_understood() {
        let (found, codes) = kinds("a && b || !c === d <> 'x' “y”");
        assert!(found.contains(&K::AndKeyword) && found.contains(&K::NotEqual));
        assert_eq!(
            codes
                .iter()
                .filter(|code| **code == Code::ForeignOperator)
                .count(),
            5
        );
        assert_eq!(codes.iter().filter(|code| **code == Code::WrongQuotes).count(), 2);
    }

    #[test]
    fn a_byte_order_mark_begins_a_file_and_stands_nowhere_else() {
        assert_eq!(kinds("\u{feff}a").0, [K::ByteOrderMark, K::Word, K::End]);
        assert_eq!(kinds("a\u{feff}").1, [Code::UnexpectedCharacter]);
    }

    #[test]
    fn invisible_characters_are_errors_even_in_comments() {
        assert_eq!(kinds("// a \u{202e} b").1, [Code::HiddenCharacter]);
        assert_eq!(kinds("\"a\u{0}b\"").1, [Code::HiddenCharacter]);
        assert_eq!(kinds("\"größe\" // größe").1, []);
        assert_eq!(kinds("größe").1, [Code::UnexpectedCharacter]);
        assert_eq!(kinds("a\rb").1, [Code::UnexpectedCharacter]);
    }
}
