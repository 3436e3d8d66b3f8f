//! What may stand in parentheses behind a control.

/// What may stand in parentheses behind an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    None,
    /// `(1)(b)`: paragraph and point, or one of them.
    Points,
    /// `(a)(2)(iv)(B)`: the levels of a section of the Code of Federal Regulations.
    Paragraphs,
    /// `(7)`: an enhancement of a control.
    Enhancement,
}

impl Parts {
    /// `part` in one spelling; none if it is no part.
    pub(super) fn canonical(self, part: &str) -> Option<String> {
        if part.is_empty() {
            return Some(String::new());
        }
        let inner = part.strip_prefix('(')?.strip_suffix(')')?;
        let groups: Vec<&str> = inner.split(")(").collect();
        let number = |group: &str| {
            let number = group
                .parse::<u8>()
                .ok()
                .filter(|number| (1..=99).contains(number));
            number.filter(|_| group.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let letter = |group: &str| group.len() == 1 && group.bytes().all(|byte| byte.is_ascii_lowercase());
        let double = |group: &str| {
            let bytes = group.as_bytes();
            bytes.len() == 2 && bytes.first() == bytes.last() && bytes.iter().all(u8::is_ascii_lowercase)
        };
        let roman = |group: &str| {
            (1..=5).contains(&group.len()) && group.bytes().all(|byte| matches!(byte, b'i' | b'v' | b'x'))
        };
        let capital = |group: &str| group.len() == 1 && group.bytes().all(|byte| byte.is_ascii_uppercase());
        let sound = match (self, groups.as_slice()) {
            (Self::None, _) => false,
            (Self::Enhancement, [one]) => {
                return number(one).map(|number| format!("({number})"));
            }
            (Self::Enhancement, _) => false,
            (Self::Points, [one]) => number(one).is_some() || letter(one),
            (Self::Points, [one, two]) => number(one).is_some() && letter(two),
            (Self::Points, _) => false,
            (Self::Paragraphs, levels) => {
                levels.len() <= 6
                    && (0_u8..).zip(levels).all(|(level, group)| match level {
                        0 => letter(group) || double(group),
                        1 | 4 => number(group).is_some(),
                        2 | 5 => roman(group),
                        _ => capital(group),
                    })
            }
        };
        sound.then(|| part.to_owned())
    }

    /// How parts are written, for whoever wrote one otherwise.
    pub(super) fn form(self) -> &'static str {
        match self {
            Self::None => "name the control without parentheses",
            Self::Points => "paragraphs and points are written so: `GDPR Art. 6(1)(f)`",
            Self::Paragraphs => "paragraphs are written so: `HIPAA 164.312(a)(2)(iv)`",
            Self::Enhancement => "an enhancement is a number: `NIST SP 800-53 AC-3(7)`",
        }
    }
}
