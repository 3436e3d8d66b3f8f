//! Texts become lossless syntax trees.
//!
//! Every byte of a file is in its tree, comments and errors too, so that a formatter can work on it. The parser never
//! gives up: it reports what is wrong and reads on.
//!
//! - [`kind`]: the kinds of tokens and nodes.
//! - [`lexer`]: text to tokens.
//! - [`parser`]: tokens to a tree.
//! - [`ast`]: typed views of the tree.
//! - [`literal`]: what literals mean.

pub mod ast;
pub mod kind;
pub mod lexer;
pub mod literal;
pub mod parser;

pub use kind::{SyntaxKind, SyntaxNode, SyntaxToken};
pub(crate) use lexer::hidden;
pub use parser::{Parse, parse};
