//! What an enforcement point knows of itself: its name and labels, by its enrolment.

use std::collections::BTreeMap;

use aecp_vocabulary::{AttributeName, Value};

/// The name space.
pub(super) const SPACE: &str = "environment";

/// The values of `environment.*`: `environment.name`, and one text for each label whose name can be part of an
/// attribute's name.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
}

impl Environment {
    /// From an enrolment's name and labels. A label called `name` does not hide the enforcement point's own name.
    pub fn new(name: &str, labels: &BTreeMap<String, String>) -> Self {
        let attribute = |label: &str| format!("{SPACE}.{label}");
        let mut values: BTreeMap<_, _> = labels
            .iter()
            .map(|(label, value)| (attribute(label), value.clone()))
            .collect();
        values.insert(attribute("name"), name.to_owned());
        Self { values }
    }

    /// The value of an attribute of this name space; absent if there is no such label here.
    pub fn value(&self, name: &AttributeName) -> Value {
        self.values
            .get(name.as_str())
            .map_or(Value::Absent, |value| Value::Text(value.clone()))
    }
}
