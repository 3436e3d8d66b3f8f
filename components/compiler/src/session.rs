//! A package that is checked again and again while somebody writes it.
//!
//! What has not changed since the last time is not done again: files are read once, and questions about policies are
//! asked once. What comes out is what [`crate::package::check`] and [`crate::analysis::analyse`] give.

use std::collections::BTreeMap;

use crate::analysis::{Analysis, Budget, Memory};
use crate::check::Checker;
use crate::core::Package;
use crate::package::Checked;
use crate::source::SourceFile;
use crate::syntax::{self, Parse};

/// What is known of a package from the last time.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// By file name.
    files: BTreeMap<String, Known>,
    memory: Memory,
}

/// A file as it was read.
#[derive(Clone, Debug)]
struct Known {
    /// Its index, which its diagnostics have.
    index: u32,
    text: String,
    parse: Parse,
}

impl Session {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as [`crate::package::check`].
    pub fn check(&mut self, files: &[SourceFile]) -> Checked {
        let mut before = std::mem::take(&mut self.files);
        let now = &mut self.files;
        Checker::check(files, &mut |index, file| {
            let known = before
                .remove(&file.name)
                .filter(|known| known.index == index && known.text == file.text);
            let known = known.unwrap_or_else(|| Known {
                index,
                text: file.text.clone(),
                parse: syntax::parse(index, &file.text),
            });
            let parse = known.parse.clone();
            now.insert(file.name.clone(), known);
            parse
        })
    }

    /// The same as [`crate::analysis::analyse`].
    pub fn analyse(&mut self, package: &Package, budget: Budget) -> Analysis {
        self.memory.analyse(package, budget)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::analyse;
    use crate::package::check;

    const SOURCES: [&str; 3] = [
        "PACKAGE p { VERSION: \"1.0.0\" }\nSCHEMA { a: TEXT b: TEXT OPTIONAL }\n",
        "POLICY one { SCOPE: requests WHERE a == \"x\" CONSTRAINT: b == \"y\" ENFORCEMENT: BLOCKING }\n",
        "POLICY two { SCOPE: requests WHERE a == \"x\" CONSTRAINT: b == \"z\" ENFORCEMENT: BLOCKING }\n",
    ];

    proptest! {
        #[test]
        fn a_session_says_what_checking_anew_says(
            edits in vec((0_usize..4, any::<prop::sample::Index>(), "[a-z\"}{]|POLICY q \\{|b == ", any::<bool>()), 1..12),
        ) {
            let named = |(text, index): (&&str, usize)| SourceFile::new(format!("{index}.aecp"), *text);
            let mut files: Vec<SourceFile> = SOURCES.iter().zip(0..).map(named).collect();
            let mut session = Session::new();
            for (file, place, text, removes) in edits {
                match files.get_mut(file) {
                    Some(file) => {
                        let at = place.index(file.text.len());
                        if removes {
                            file.text.remove(at);
                        } else {
                            file.text.insert_str(at, &text);
                        }
                    }
                    // Diagnostics have the places of files as they were given.
                    None => files.reverse(),
                }
                let checked = session.check(&files);
                prop_assert_eq!(&checked, &check(&files));
                if let Some(package) = &checked.package {
                    let budget = Budget::default();
                    prop_assert_eq!(session.analyse(package, budget), analyse(package, budget));
                }
            }
        }
    }
}
