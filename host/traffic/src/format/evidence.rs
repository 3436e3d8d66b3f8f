//! The evidence of an enforcement point: INTENT leaves have what was known about a request.

use aecp_evidence::leaf::{Event, Fact, Leaf, Recorded};

use crate::Request;

/// The request of a leaf; none if the leaf is about something else.
pub(crate) fn request(leaf: Leaf) -> Option<Request> {
    let Event::Intent(intent) = leaf.event else {
        return None;
    };
    let mut request = Request {
        time: Some(leaf.time),
        decided: Some(intent.verdict),
        ..Request::default()
    };
    for Fact { name, value, .. } in intent.facts {
        match value {
            Recorded::Value(value) => {
                request.typed.insert(name.to_string(), value);
            }
            Recorded::Commitment(_) | Recorded::Omitted { .. } => {
                request.hidden.insert(name.to_string());
            }
        }
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use aecp_evidence::leaf::{Intent, Position, Question, WriterId};
    use aecp_vocabulary::decision::{Decision, Denial};
    use aecp_vocabulary::{Type, Value, Verdict};

    use super::*;

    #[test]
    fn an_intent_is_a_request_with_its_decision() {
        let decision = Decision::refused(Denial::Default, "nothing covers it");
        let mut intent = Intent::of("r-1", [0; 32], &decision);
        let fact = |name: &str, value| Fact {
            question: Question::of_attribute(name),
            read: true,
            name: name.into(),
            value,
        };
        intent.facts = vec![
            fact("customer.region", Recorded::Value(Value::Text("EU".into()))),
            fact(
                "identity.mail",
                Recorded::Omitted {
                    bytes: 70_000,
                    sha256: [0; 32],
                },
            ),
        ];
        let leaf = Leaf {
            position: Position {
                writer: WriterId([7; 16]),
                sequence: 0,
            },
            time: 5,
            enforcement_point: "edge".into(),
            event: Event::Intent(Box::new(intent)),
        };
        let request = request(leaf).unwrap();
        let value = |name: &str| request.value(&name.parse().unwrap(), Type::Text);
        assert_eq!(value("customer.region"), Value::Text("EU".into()));
        assert!(matches!(value("identity.mail"), Value::Failed(_)));
        assert!(request.hides(&"identity.mail".parse().unwrap()));
        assert_eq!((request.time, request.decided), (Some(5), Some(Verdict::Deny)));
    }
}
