//! What a request is decided with beside its attributes: the time, and the parameters that a bundle would set.

use std::collections::BTreeMap;

use aecp_vocabulary::policy::Input;
use aecp_vocabulary::{Value, parameter};
use jiff::Timestamp;

use crate::error::{Error, While};

/// The time and the parameters.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Settings {
    /// Set a parameter, as a bundle would
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// What time it is, with its offset, as in 2026-01-01T00:00:00Z; the clock if not given
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    now: Option<Timestamp>,
}

impl Settings {
    /// Nanoseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        nanoseconds(self.now.unwrap_or_else(Timestamp::now))
    }

    /// Values of the parameters among `inputs`.
    pub(crate) fn parameters(&self, inputs: &[Input]) -> Result<BTreeMap<String, Value>, Error> {
        let mut values = BTreeMap::new();
        for written in &self.parameters {
            let what = || format!("reading `--parameter {written}`");
            let Some((name, value)) = written.split_once('=') else {
                return Err(Error::part(what())("write NAME=VALUE".to_owned()));
            };
            let value = parameter::from_text(inputs, name, value).when(what())?;
            if values.insert(name.to_owned(), value).is_some() {
                return Err(Error::part(what())(format!("`{name}` is set twice")));
            }
        }
        Ok(values)
    }
}

fn instant(written: &str) -> Result<Timestamp, String> {
    let parsed = written.parse::<Timestamp>();
    parsed
        .map_err(|error| format!("{error}; write a date, a time and an offset, as in `2026-01-01T00:00:00Z`"))
}

/// Nanoseconds since 1970; what does not fit is the end of time.
pub(crate) fn nanoseconds(instant: Timestamp) -> i64 {
    i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX)
}
