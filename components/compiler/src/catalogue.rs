//! The controls of frameworks that policies can name in CONTROLS.
//!
//! The lists are data in `policies/catalogue`, embedded here: one file for each framework, one line for each control,
//! an identifier, a tab, and a title in words of our own. Lines that begin with `#` are notes.
//!
//! A control may be written in the usual ways (`PCI-DSS 7.2.1`, `PCI DSS Req. 7.2.1`); it is kept in one
//! (`PCI DSS 7.2.1`), so that whoever counts coverage counts each once.
//!
//! - `parts`: what may stand in parentheses behind a control.
//! - `near`: what somebody may have meant who named a control that does not exist.

mod near;
mod parts;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use near::near_frameworks;
use parts::Parts;

/// A collection of controls.
#[derive(Debug)]
pub struct Framework {
    /// How it is called: `PCI DSS`.
    pub name: &'static str,
    /// Which edition the list is of.
    pub edition: &'static str,
    /// What stands between the name and an identifier: `Art. ` or nothing.
    designation: &'static str,
    /// Other names, in capitals, longer ones first; a space also stands for `-`, `_` and nothing.
    aliases: &'static [&'static str],
    /// Words that may stand before an identifier, in capitals, longer ones first.
    designators: &'static [&'static str],
    /// Parts of a control in parentheses behind its identifier.
    parts: Parts,
    text: &'static str,
}

/// The frameworks of the catalogue, by name.
pub static FRAMEWORKS: [Framework; 5] = [
    Framework {
        name: "GDPR",
        edition: "Regulation (EU) 2016/679",
        designation: "Art. ",
        aliases: &["EU GDPR", "GDPR"],
        designators: &["ARTICLE", "ART.", "ART"],
        parts: Parts::Points,
        text: include_str!("../../../policies/catalogue/gdpr.txt"),
    },
    Framework {
        name: "HIPAA",
        edition: "45 CFR Part 164",
        designation: "",
        aliases: &["HIPAA 45 CFR", "45 CFR", "HIPAA"],
        designators: &["SECTION", "SEC.", "§§", "§"],
        parts: Parts::Paragraphs,
        text: include_str!("../../../policies/catalogue/hipaa.txt"),
    },
    Framework {
        name: "NIST SP 800-53",
        edition: "Revision 5",
        designation: "",
        aliases: &[
            "NIST SP 800 53 REV. 5",
            "NIST SP 800 53 REV 5",
            "NIST SP 800 53 R5",
            "NIST SP 800 53",
            "NIST 800 53 REV. 5",
            "NIST 800 53 REV 5",
            "NIST 800 53 R5",
            "NIST 800 53",
            "SP 800 53",
            "NIST",
        ],
        designators: &["CONTROL"],
        parts: Parts::Enhancement,
        text: include_str!("../../../policies/catalogue/nist_sp_800_53.txt"),
    },
    Framework {
        name: "PCI DSS",
        edition: "4.0.1",
        designation: "",
        aliases: &[
            "PCI DSS V4.0.1",
            "PCI DSS 4.0.1",
            "PCI DSS V4.0",
            "PCI DSS 4.0",
            "PCI DSS",
            "PCI",
        ],
        designators: &["REQUIREMENT", "REQ.", "REQ"],
        parts: Parts::None,
        text: include_str!("../../../policies/catalogue/pci_dss.txt"),
    },
    Framework {
        name: "SOC 2",
        edition: "Trust Services Criteria 2017",
        designation: "",
        aliases: &["SOC 2 TSC", "SOC 2", "TSC"],
        designators: &["CRITERION"],
        parts: Parts::None,
        text: include_str!("../../../policies/catalogue/soc_2.txt"),
    },
];

/// A control of the catalogue, or a part of one. It displays in the spelling that annotations have.
#[derive(Clone, Debug)]
pub struct Control {
    /// Whose it is.
    pub framework: &'static Framework,
    /// The control's identifier in the list: `164.312`.
    pub identifier: &'static str,
    /// Which part of it is meant, if not all: `(a)(1)`, else empty.
    pub part: String,
    /// What it is about.
    pub title: &'static str,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Framework {
            name, designation, ..
        } = self.framework;
        write!(f, "{name} {designation}{}{}", self.identifier, self.part)
    }
}

/// Why something names no control. Near ones are in the catalogue's spelling, at most three.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownControl {
    /// No framework of the catalogue is called so.
    #[error("`{written}` names no framework of the catalogue")]
    Framework {
        /// What was written.
        written: String,
        /// Controls or frameworks that may be meant.
        near: Vec<String>,
    },
    /// The framework has no such control.
    #[error("{framework} ({edition}) has no control `{written}`")]
    Control {
        /// The framework's name.
        framework: &'static str,
        /// Its edition.
        edition: &'static str,
        /// What was written behind the framework's name.
        written: String,
        /// Controls that may be meant.
        near: Vec<String>,
    },
    /// The control exists, and what stands behind it is no part of it.
    #[error("`{part}` cannot stand behind `{control}`")]
    Part {
        /// The control in the catalogue's spelling.
        control: String,
        /// What stands behind it.
        part: String,
        /// How parts are written.
        form: &'static str,
    },
}

/// The control that `written` names.
///
/// Articles, sections and enhancements are taken on trust beyond the list: of `HIPAA 164.312(a)(1)`, the section is
/// looked up, and the paragraph must be one that could exist.
///
/// # Errors
/// No framework, or no control of it, is called so.
pub fn find(written: &str) -> Result<Control, UnknownControl> {
    let written = written.trim();
    let mut candidates = lists().iter().flat_map(|list| {
        let aliases = list.framework.aliases.iter();
        aliases.filter_map(move |alias| Some((list, without(written, alias)?)))
    });
    match candidates.find(|(_, rest)| !rest.is_empty()) {
        Some((list, rest)) => list.find(rest),
        None => Err(UnknownControl::Framework {
            written: written.to_owned(),
            near: near_frameworks(written),
        }),
    }
}

/// All controls of a framework: identifiers and titles, in the order of the list.
pub fn controls(framework: &Framework) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    framework
        .text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
}

/// A framework's controls, for search.
struct List {
    framework: &'static Framework,
    /// Titles by identifier.
    titles: BTreeMap<&'static str, &'static str>,
}

fn lists() -> &'static [List] {
    static LISTS: OnceLock<Vec<List>> = OnceLock::new();
    LISTS.get_or_init(|| {
        let list = |framework| List {
            framework,
            titles: controls(framework).collect(),
        };
        FRAMEWORKS.iter().map(list).collect()
    })
}

impl List {
    /// The control of this framework that `rest` names, which stands behind the framework's name.
    fn find(&self, rest: &str) -> Result<Control, UnknownControl> {
        let designators = self.framework.designators.iter();
        let identifier = designators
            .filter_map(|designator| without(rest, designator))
            .next()
            .unwrap_or(rest);
        let compact: String = identifier.chars().filter(|c| !c.is_whitespace()).collect();
        let (base, part) = match compact.find('(') {
            Some(at) => compact.split_at_checked(at).unwrap_or((&compact, "")),
            None => (compact.as_str(), ""),
        };
        let base = self.folded(base);
        let Some((identifier, title)) = self.titles.get_key_value(base.as_str()) else {
            return Err(UnknownControl::Control {
                framework: self.framework.name,
                edition: self.framework.edition,
                written: rest.to_owned(),
                near: self.near(&base),
            });
        };
        let mut control = Control {
            framework: self.framework,
            identifier,
            part: String::new(),
            title,
        };
        match self.framework.parts.canonical(part) {
            Some(part) => control.part = part,
            None => {
                return Err(UnknownControl::Part {
                    control: control.to_string(),
                    part: part.to_owned(),
                    form: self.framework.parts.form(),
                });
            }
        }
        Ok(control)
    }

    /// An identifier as the list writes it: capitals, no closing full stop, `AC-3` for `AC-03` and `AC3`.
    fn folded(&self, base: &str) -> String {
        let base = base.to_ascii_uppercase();
        let base = base.strip_suffix('.').unwrap_or(&base);
        if self.framework.parts != Parts::Enhancement {
            return base.to_owned();
        }
        let letters = base.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = base.strip_prefix(letters).unwrap_or("");
        let letters = letters.strip_suffix('-').unwrap_or(letters);
        format!("{letters}-{}", digits.trim_start_matches('0'))
    }
}

/// `text` without the alias or designator that it begins with; letters count in any case.
fn without<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    const JOINS: [char; 3] = [' ', '-', '_'];
    let mut rest = text;
    for expected in beginning.chars() {
        if expected == ' ' {
            rest = rest.trim_start_matches(JOINS);
            continue;
        }
        let mut characters = rest.chars();
        if !characters.next()?.eq_ignore_ascii_case(&expected) {
            return None;
        }
        rest = characters.as_str();
    }
    let last = beginning.chars().next_back()?;
    let continues = rest.chars().next().is_some_and(|next| {
        (last.is_ascii_digit() && (next.is_ascii_digit() || next == '.'))
            || (last.is_ascii_alphabetic() && next.is_ascii_alphabetic())
    });
    (!continues).then(|| rest.trim_start_matches(|c: char| JOINS.contains(&c) || c == ':' || c == ','))
}

#[cfg(test)]
mod tests;
