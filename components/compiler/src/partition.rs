//! Texts that no list tells apart.

use std::collections::BTreeMap;

use crate::core::Constant;

/// Texts in as few classes as there are combinations of groups.
#[derive(Default)]
pub(crate) struct Partition<'a> {
    /// By text.
    pub(crate) constants: Vec<(&'a str, usize)>,
    /// For each group, its classes in the order of their first texts.
    pub(crate) of_groups: Vec<Vec<usize>>,
    pub(crate) count: usize,
}

impl<'a> Partition<'a> {
    pub(crate) fn of(groups: &[&'a [Constant]]) -> Self {
        let mut pairs: Vec<(&str, usize)> = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            pairs.extend(group.iter().filter_map(Constant::text).map(|text| (text, number)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut partition = Self {
            of_groups: vec![Vec::new(); groups.len()],
            ..Self::default()
        };
        let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        for run in pairs.chunk_by(|one, other| one.0 == other.0) {
            let Some((text, _)) = run.first() else { continue };
            let combination: Vec<usize> = run.iter().map(|(_, group)| *group).collect();
            let next = partition.count;
            let class = match known.get(&combination) {
                Some(class) => *class,
                None => {
                    for group in &combination {
                        if let Some(classes) = partition.of_groups.get_mut(*group) {
                            classes.push(next);
                        }
                    }
                    known.insert(combination, next);
                    partition.count = next.saturating_add(1);
                    next
                }
            };
            partition.constants.push((text, class));
        }
        partition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(texts: &[&str]) -> Vec<Constant> {
        texts
            .iter()
            .map(|text| Constant::Text((*text).to_owned()))
            .collect()
    }

    #[test]
    fn what_nothing_tells_apart_is_one_class() {
        let groups = [
            group(&["a", "b", "c", "d"]),
            group(&["b"]),
            group(&["c", "d", "e"]),
        ];
        let groups: Vec<&[Constant]> = groups.iter().map(Vec::as_slice).collect();
        let partition = Partition::of(&groups);
        let class = |text: &str| {
            partition
                .constants
                .iter()
                .find(|(known, _)| *known == text)
                .unwrap()
                .1
        };
        assert_eq!(class("c"), class("d"));
        assert_eq!(partition.count, 4);
        assert_eq!(partition.of_groups, [vec![0, 1, 2], vec![1], vec![2, 3]]);
    }
}
