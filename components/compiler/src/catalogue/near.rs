//! What somebody may have meant who named a control that does not exist.

use super::{List, controls, lists, without};

/// Most near controls that an error names.
const NEAR_LIMIT: usize = 3;

impl List {
    /// The controls that are nearest to one that does not exist: they share the longest beginning with it, and differ
    /// least in the first place that differs.
    pub(super) fn near(&self, base: &str) -> Vec<String> {
        let wanted = places(base);
        let distance = |identifier: &str| {
            let found = places(identifier);
            let common = wanted.iter().zip(&found).take_while(|(a, b)| a == b).count();
            let difference = match (wanted.get(common), found.get(common)) {
                (Some(Place::Number(a)), Some(Place::Number(b))) => u64::from(a.abs_diff(*b)),
                (Some(Place::Word(a)), Some(Place::Word(b))) => {
                    u64::try_from(strsim::osa_distance(a, b)).unwrap_or(u64::MAX)
                }
                (None, None) => 0,
                _ => u64::MAX,
            };
            (
                std::cmp::Reverse(common),
                found.len().abs_diff(wanted.len()),
                difference,
            )
        };
        let mut ranked: Vec<_> = controls(self.framework)
            .enumerate()
            .map(|(order, (identifier, _))| (distance(identifier), order, identifier))
            .collect();
        ranked.sort();
        ranked.truncate(NEAR_LIMIT);
        ranked.sort_by_key(|(_, order, _)| *order);
        let spelled = |(_, _, identifier): (_, _, &str)| {
            format!(
                "{} {}{identifier}",
                self.framework.name, self.framework.designation
            )
        };
        ranked.into_iter().map(spelled).collect()
    }
}

/// What somebody may have meant who wrote no framework's name: an identifier alone, or a name with a slip.
pub(super) fn near_frameworks(written: &str) -> Vec<String> {
    let alone = lists().iter().filter_map(|list| list.find(written).ok());
    let alone: Vec<String> = alone.map(|control| control.to_string()).collect();
    if !alone.is_empty() {
        return alone;
    }
    let first = written.split([' ', '-', '_', ':']).next().unwrap_or("");
    let words = lists().iter().flat_map(|list| list.framework.aliases);
    let words = words.filter_map(|alias| alias.split(' ').next());
    let words = words.filter(|word| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    let Some(word) = crate::suggest::nearest(first, words) else {
        return Vec::new();
    };
    let behind = written.strip_prefix(first).unwrap_or("");
    let mended = format!("{word}{behind}");
    let named = |list: &&List| {
        list.framework
            .aliases
            .iter()
            .any(|alias| without(&mended, alias).is_some())
    };
    match (find_in_lists(&mended), lists().iter().find(named)) {
        (Some(control), _) => vec![control],
        (None, Some(list)) => vec![list.framework.name.to_owned()],
        (None, None) => Vec::new(),
    }
}

fn find_in_lists(written: &str) -> Option<String> {
    let mut found = lists().iter().flat_map(|list| {
        let rests = list
            .framework
            .aliases
            .iter()
            .filter_map(|alias| without(written, alias));
        rests.filter_map(|rest| list.find(rest).ok())
    });
    found.next().map(|control| control.to_string())
}

/// A piece of an identifier, for measuring how near two are.
#[derive(PartialEq, Eq)]
enum Place {
    Word(String),
    Number(u32),
}

fn places(identifier: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for piece in identifier.split(['.', '-']) {
        let letters = piece.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = piece.strip_prefix(letters).unwrap_or("");
        if !letters.is_empty() {
            places.push(Place::Word(letters.to_owned()));
        }
        places.extend(digits.parse().map(Place::Number));
    }
    places
}
