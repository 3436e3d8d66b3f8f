//! Sets of truths, and sets of what a policy can be of a request.

use crate::interpreter::Truth;

/// Which truths a condition can still have. The empty set is a contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Truths(u8);

impl Truths {
    pub(super) const NONE: Self = Self(0);
    pub(crate) const FALSE: Self = Self(1);
    pub(crate) const UNKNOWN: Self = Self(2);
    pub(crate) const TRUE: Self = Self(4);
    pub(super) const FALSE_OR_UNKNOWN: Self = Self(3);
    pub(crate) const FALSE_OR_TRUE: Self = Self(5);
    pub(super) const ANY: Self = Self(7);

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is in one of the two.
    pub(super) fn joined(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is nothing left to find out.
    pub(super) fn settled(self) -> bool {
        self.0.count_ones() <= 1
    }

    pub(crate) fn and(self, other: Self) -> Self {
        let (not_false, other_not_false) = (Self(self.0 & !1), Self(other.0 & !1));
        let holds = self.0 & other.0 & Self::TRUE.0;
        let fails = (self.0 | other.0) & Self::FALSE.0;
        let open = (self.meets(Self::UNKNOWN) && other_not_false != Self::NONE)
            || (other.meets(Self::UNKNOWN) && not_false != Self::NONE);
        Self(holds | fails | if open { Self::UNKNOWN.0 } else { 0 })
    }

    pub(crate) fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    pub(crate) fn negated(self) -> Self {
        let swapped = match self.0 & Self::FALSE_OR_TRUE.0 {
            1 => 4,
            4 => 1,
            same => same,
        };
        Self(self.0 & Self::UNKNOWN.0 | swapped)
    }
}

impl From<Truth> for Truths {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::False => Self::FALSE,
            Truth::Unknown => Self::UNKNOWN,
            Truth::True => Self::TRUE,
        }
    }
}

/// A set of pairs of scope and constraint: for each truth of the scope, the truths of the constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cases {
    scope_false: Truths,
    scope_unknown: Truths,
    scope_true: Truths,
}

impl Cases {
    /// The request is in the policy's scope.
    pub(super) const APPLIES: Self = Self::new(Truths::NONE, Truths::NONE, Truths::ANY);
    /// The request is outside of it.
    pub(super) const OUTSIDE: Self = Self::new(Truths::ANY, Truths::NONE, Truths::NONE);
    /// The request may be in it.
    pub(super) const NOT_OUTSIDE: Self = Self::new(Truths::NONE, Truths::ANY, Truths::ANY);
    /// The request is in it and satisfies the constraint.
    pub(super) const SATISFIED: Self = Self::new(Truths::NONE, Truths::NONE, Truths::TRUE);
    /// Violated or indeterminate: what denies, if the policy is BLOCKING.
    pub(super) const FAULTS: Self = Self::new(Truths::NONE, Truths::ANY, Truths::FALSE_OR_UNKNOWN);
    /// In the scope, and violated or indeterminate.
    pub(super) const FAULTS_INSIDE: Self = Self::new(Truths::NONE, Truths::NONE, Truths::FALSE_OR_UNKNOWN);
    /// Not applicable or satisfied.
    pub(super) const PASSES: Self = Self::new(Truths::ANY, Truths::NONE, Truths::TRUE);

    const fn new(scope_false: Truths, scope_unknown: Truths, scope_true: Truths) -> Self {
        Self {
            scope_false,
            scope_unknown,
            scope_true,
        }
    }

    fn rows(self) -> [(Truths, Truths); 3] {
        [
            (Truths::FALSE, self.scope_false),
            (Truths::UNKNOWN, self.scope_unknown),
            (Truths::TRUE, self.scope_true),
        ]
    }

    /// Whether some pair of the two is one of these.
    pub(super) fn meet(self, scope: Truths, constraint: Truths) -> bool {
        let rows = self.rows();
        rows.iter()
            .any(|(row, allowed)| scope.meets(*row) && constraint.meets(*allowed))
    }

    /// Whether every pair of the two is one of these.
    pub(super) fn hold(self, scope: Truths, constraint: Truths) -> bool {
        let rows = self.rows();
        rows.iter()
            .all(|(row, allowed)| !scope.meets(*row) || constraint.within(*allowed))
    }

    /// Whether these stay true of a request when something unknown in it becomes known. Where all that is asked is
    /// like that, nothing unknown has to be tried.
    pub(super) fn persist(self) -> bool {
        let closed = |cell: Truths| !cell.meets(Truths::UNKNOWN) || cell == Truths::ANY;
        self.rows().iter().all(|(_, cell)| closed(*cell)) && self.scope_unknown == Truths::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_truths_follow_the_truths() {
        let all = [Truth::False, Truth::Unknown, Truth::True];
        let sets: Vec<Vec<Truth>> = (0_u8..8)
            .map(|bits| {
                (0..3)
                    .filter(|bit| bits >> bit & 1 == 1)
                    .map(|bit| all[bit])
                    .collect()
            })
            .collect();
        let set = |members: &[Truth]| {
            Truths(
                members
                    .iter()
                    .fold(0, |bits, truth| bits | Truths::from(*truth).0),
            )
        };
        for left in &sets {
            let negated: Vec<Truth> = left.iter().map(|truth| truth.negated()).collect();
            assert_eq!(set(left).negated(), set(&negated));
            for right in &sets {
                let both = |connect: fn(Truth, Truth) -> Truth| {
                    let pairs = left
                        .iter()
                        .flat_map(|a| right.iter().map(move |b| connect(*a, *b)));
                    set(&pairs.collect::<Vec<_>>())
                };
                // An empty side is a contradiction that the search has left already.
                if !left.is_empty() && !right.is_empty() {
                    assert_eq!(set(left).and(set(right)), both(Truth::and));
                    assert_eq!(set(left).or(set(right)), both(Truth::or));
                }
            }
        }
    }
}
