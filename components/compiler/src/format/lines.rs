//! Lines become text.

use super::INDENT;

/// One line of the result.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Steps of indent.
    pub depth: usize,
    pub text: String,
    /// A comment behind the text.
    pub comment: Option<String>,
    /// Whether a blank line stands before it.
    pub has_blank: bool,
    /// Whether the line is a comment alone.
    pub is_comment: bool,
    /// Whether its comment is aligned with those of its neighbours.
    pub is_aligned: bool,
    /// Whether a comment broke the line that this one continues.
    pub is_continued: bool,
}

impl Line {
    /// Characters of its indent and text.
    pub(super) fn width(&self) -> usize {
        self.depth
            .saturating_mul(INDENT)
            .saturating_add(self.text.chars().count())
    }
}

/// The text of `lines`.
pub(super) fn render(lines: &[Line]) -> String {
    let mut text = String::new();
    for group in lines.chunk_by(|a, b| a.is_aligned && b.is_aligned && !b.has_blank) {
        let commented = group.iter().filter(|line| line.comment.is_some());
        let column = commented.map(Line::width).max().unwrap_or(0);
        for line in group {
            if line.has_blank {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n(' ', line.depth.saturating_mul(INDENT)));
            text.push_str(&line.text);
            if let Some(comment) = &line.comment {
                let padding = column.saturating_sub(line.width()).saturating_add(2);
                text.extend(std::iter::repeat_n(' ', padding));
                text.push_str(comment);
            }
            text.push('\n');
        }
    }
    text
}
