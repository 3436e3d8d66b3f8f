//! Names that somebody may have meant.

/// The candidate nearest to `written`, if one is near enough to be a slip of the finger.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = written.to_ascii_lowercase();
    let most = folded.chars().count().checked_div(3).unwrap_or(0).clamp(1, 4);
    let distance = |candidate: &str| strsim::osa_distance(&folded, &candidate.to_ascii_lowercase());
    let near = candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` for the nearest candidate, else `otherwise`.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(written, candidates).map_or_else(otherwise, |name| format!("did you mean `{name}`?"))
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["customer.region", "storage.location"];
        assert_eq!(nearest("customer.regoin", names), Some("customer.region"));
        assert_eq!(nearest("Customer.Region", names), Some("customer.region"));
        assert_eq!(nearest("network.port", names), None);
        assert_eq!(nearest("x", ["y", "abc"]), Some("y"));
    }
}
