//! What a piece of a file is on one line, and which tokens the formatter itself decides on.

use rowan::NodeOrToken;

use crate::syntax::{SyntaxKind as K, SyntaxNode, SyntaxToken};

/// The node on one line of at most `limit` characters. None if it is longer, has a comment inside, or is or has a
/// block, which never stands on one line.
pub(super) fn flat(node: &SyntaxNode, limit: usize) -> Option<String> {
    let mut line = String::new();
    let mut width = 0_usize;
    let mut is_tight = true;
    let mut has_comma = false;
    for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        let kind = token.kind();
        if kind == K::Comment {
            return None;
        }
        if is_list_comma(&token) {
            has_comma = true;
        }
        if kind.is_trivia() || is_layout(&token) {
            continue;
        }
        if kind == K::LeftBrace {
            return None;
        }
        // The comma behind the last member goes.
        if std::mem::take(&mut has_comma) && kind != K::RightBracket {
            line.push(',');
            width = width.saturating_add(1);
            is_tight = false;
        }
        if !is_tight && !is_tight_before(&token) {
            line.push(' ');
            width = width.saturating_add(1);
        }
        let text = spelling(&token);
        line.push_str(text);
        width = width.saturating_add(text.chars().count());
        is_tight = is_tight_behind(&token);
        if width > limit {
            return None;
        }
    }
    Some(line)
}

/// The canonical spelling of a token.
pub(super) fn spelling(token: &SyntaxToken) -> &str {
    // Elsewhere than between operands, `=` may come to mean something of its own.
    if token.kind() == K::Equal && parent_is(token, K::Comparison) {
        "=="
    } else {
        token.text()
    }
}

/// Whether the formatter decides by itself if this token is written: the braces of a condition, commas of lists, and
/// commas behind the entries of blocks.
pub(super) fn is_layout(token: &SyntaxToken) -> bool {
    match token.kind() {
        K::LeftBrace | K::RightBrace => parent_is(token, K::Body),
        K::Comma => is_list_comma(token) || ends_entry(token),
        _ => false,
    }
}

fn is_list_comma(token: &SyntaxToken) -> bool {
    token.kind() == K::Comma && parent_is(token, K::List)
}

/// Whether a comma is the last token of an entry of a block, or stands between such entries.
fn ends_entry(comma: &SyntaxToken) -> bool {
    let Some(parent) = comma.parent() else {
        return false;
    };
    if is_block(&parent) {
        let before = comma.prev_sibling_or_token();
        return before.is_some_and(|before| !has_comma_before(before));
    }
    comma.next_sibling_or_token().is_none() && parent.parent().is_some_and(|outer| is_block(&outer))
}

/// Whether the next thing before is a comma too, which could not go as well.
fn has_comma_before(from: NodeOrToken<SyntaxNode, SyntaxToken>) -> bool {
    let mut element = Some(from);
    while let Some(trivia) = element.as_ref().filter(|element| element.kind().is_trivia()) {
        element = trivia.prev_sibling_or_token();
    }
    element.is_some_and(|element| element.kind() == K::Comma)
}

/// Whether the node is a block: it has braces of its own, which are not those of a condition.
fn is_block(node: &SyntaxNode) -> bool {
    node.kind() != K::Body
        && node
            .children_with_tokens()
            .any(|element| element.kind() == K::LeftBrace)
}

/// Whether the node joins parts by AND, OR or an operator of arithmetic.
pub(super) fn is_chain(node: &SyntaxNode) -> bool {
    matches!(node.kind(), K::And | K::Or | K::Sum | K::Product)
}

/// Whether the token joins the parts of a chain.
pub(super) fn is_connective(token: &SyntaxToken) -> bool {
    match token.kind() {
        K::AndKeyword | K::OrKeyword | K::Plus | K::Star => true,
        K::Minus => parent_is(token, K::Sum),
        _ => false,
    }
}

/// Whether no space stands before the token.
pub(super) fn is_tight_before(token: &SyntaxToken) -> bool {
    matches!(
        token.kind(),
        K::Comma | K::Colon | K::RightParen | K::RightBracket | K::Dot | K::DotDot
    )
}

/// Whether no space stands behind the token.
pub(super) fn is_tight_behind(token: &SyntaxToken) -> bool {
    match token.kind() {
        K::LeftParen | K::LeftBracket | K::Dot | K::DotDot => true,
        // A sign, as opposed to a difference.
        K::Minus => parent_is(token, K::Literal) || parent_is(token, K::Negative),
        _ => false,
    }
}

fn parent_is(token: &SyntaxToken, kind: K) -> bool {
    token.parent().is_some_and(|parent| parent.kind() == kind)
}
