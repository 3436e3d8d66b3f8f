//! The globs of LIKE.

use regex_syntax::hir::Hir;

use super::{PatternError, PatternErrorKind, any_byte, bytes_but, run};

/// What ends a run of `*`: the separators of paths and of names.
const SEPARATORS: [u8; 2] = *b"/.";

/// The texts that a glob matches.
pub(super) fn hir(glob: &str) -> Result<Hir, PatternError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = glob.char_indices().peekable();
    while let Some((start, found)) = rest.next() {
        let malformed = |end: usize, message: String, help: &str| PatternError {
            kind: PatternErrorKind::Malformed,
            span: start..end,
            message,
            help: help.to_owned(),
        };
        match found {
            '\\' => match rest.next() {
                Some((_, escaped @ ('*' | '\\'))) => literal.push(escaped),
                Some((at, other)) => {
                    let end = at.saturating_add(other.len_utf8());
                    let help = "globs have the escapes `\\*` and `\\\\`, in the quotes of a text `\\\\*` and `\\\\\\\\`";
                    return Err(malformed(
                        end,
                        format!("`\\{other}` is not an escape of globs"),
                        help,
                    ));
                }
                None => {
                    let help = "write `\\\\\\\\` in the quotes for a backslash";
                    return Err(malformed(
                        glob.len(),
                        "nothing follows this backslash".to_owned(),
                        help,
                    ));
                }
            },
            '*' => {
                if !literal.is_empty() {
                    parts.push(Hir::literal(std::mem::take(&mut literal).into_bytes()));
                }
                let mut stars = 1_usize;
                while rest.next_if(|(_, next)| *next == '*').is_some() {
                    stars = stars.saturating_add(1);
                }
                parts.push(match stars {
                    1 => run(bytes_but(&SEPARATORS)),
                    2 => run(any_byte()),
                    _ => {
                        let end = start.saturating_add(stars);
                        let help = "write `**` for any run, `*` for one without `/` and `.`";
                        return Err(malformed(
                            end,
                            format!("{stars} stars in a row mean nothing"),
                            help,
                        ));
                    }
                });
            }
            other => literal.push(other),
        }
    }
    if !literal.is_empty() {
        parts.push(Hir::literal(literal.into_bytes()));
    }
    Ok(Hir::concat(parts))
}

/// The glob with `**` for every `*`; if it has none, with `*` for every `**`. None if it has neither.
pub(super) fn with_other_stars(glob: &str) -> Option<String> {
    let (mut wider, mut narrower) = (String::new(), String::new());
    let (mut single, mut double) = (false, false);
    let mut rest = glob.chars().peekable();
    while let Some(found) = rest.next() {
        let (wide, narrow) = match found {
            '*' if rest.next_if_eq(&'*').is_some() => {
                double = true;
                ("**", "*")
            }
            '*' => {
                single = true;
                ("**", "*")
            }
            other => {
                let escaped = if other == '\\' { rest.next() } else { None };
                for glob in [&mut wider, &mut narrower] {
                    glob.push(other);
                    glob.extend(escaped);
                }
                continue;
            }
        };
        wider.push_str(wide);
        narrower.push_str(narrow);
    }
    match (single, double) {
        (true, _) => Some(wider),
        (false, true) => Some(narrower),
        (false, false) => None,
    }
}
