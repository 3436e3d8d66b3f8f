//! From entries to messages.

/// Most bytes of a message, as `aecp:audit` limits it.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// Most entries that the sink asks for at a time.
pub const BATCH: u32 = 500;

/// One leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub index: u64,
    /// The leaf as JSON text.
    pub json: String,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Nobody knows the endpoint.
    UnknownEndpoint,
    /// Not now.
    Unavailable(String),
    /// Never.
    Rejected(String),
    /// Larger than this many bytes.
    TooLarge(u64),
}

/// Sends a message to an endpoint.
pub type Send<'a> = dyn FnMut(&str, &[u8]) -> Result<(), SendError> + 'a;

/// Why none of a batch was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The same batch may be taken later.
    Retry(String),
    /// The batch will never be taken.
    Refused(String),
}

/// Sends `batch` to `endpoint`, and returns how many of its entries, from the first on, have been taken.
///
/// If a message fails after others were taken, those others count and the failure shows again with the next batch.
///
/// # Errors
/// No entry was taken: the endpoint is not there, took nothing, or one line is larger than [`MESSAGE_LIMIT`].
pub fn deliver(endpoint: &str, batch: &[Entry], send: &mut Send<'_>) -> Result<u32, Failure> {
    let mut taken = 0_u32;
    let mut rest = batch;
    while !rest.is_empty() {
        let (message, lines) = next_message(rest);
        let sent = if lines == 0 {
            Err(SendError::TooLarge(MESSAGE_LIMIT as u64))
        } else {
            send(endpoint, &message)
        };
        match sent {
            Ok(()) => {
                taken = taken.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
                rest = rest.get(lines..).unwrap_or_default();
            }
            Err(_) if taken > 0 => return Ok(taken),
            Err(error) => {
                return Err(failure(
                    endpoint,
                    rest.first().map_or(0, |entry| entry.index),
                    error,
                ));
            }
        }
    }
    Ok(taken)
}

/// As many lines as fit, and how many they are: 0 if not even the first fits.
fn next_message(entries: &[Entry]) -> (Vec<u8>, usize) {
    let mut message = Vec::new();
    let mut lines = 0_usize;
    for entry in entries {
        let line = line(entry);
        if message.len().saturating_add(line.len()) > MESSAGE_LIMIT {
            break;
        }
        message.extend_from_slice(line.as_bytes());
        lines = lines.saturating_add(1);
    }
    (message, lines)
}

fn line(entry: &Entry) -> String {
    // In JSON a line break is white space or escaped, so that taking it out changes no value.
    let leaf = entry.json.replace(['\n', '\r'], " ");
    format!("{{\"index\":{},\"leaf\":{leaf}}}\n", entry.index)
}

fn failure(endpoint: &str, index: u64, error: SendError) -> Failure {
    match error {
        SendError::UnknownEndpoint => Failure::Refused(format!(
            "endpoint `{endpoint}` is unknown; name it in the bundle and give it an address on this enforcement point"
        )),
        SendError::Unavailable(reason) => {
            Failure::Retry(format!("endpoint `{endpoint}` is unavailable: {reason}"))
        }
        SendError::Rejected(reason) => Failure::Refused(format!(
            "endpoint `{endpoint}` rejected a message that begins with entry {index}: {reason}"
        )),
        SendError::TooLarge(limit) => Failure::Refused(format!(
            "entry {index} does not fit into a message of {limit} bytes"
        )),
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn entry(index: u64, json: &str) -> Entry {
        Entry {
            index,
            json: json.to_owned(),
        }
    }

    /// Delivers to an endpoint whose answers are given, and returns the messages that it was sent.
    fn delivered(batch: &[Entry], answers: &[Result<(), SendError>]) -> (Result<u32, Failure>, Vec<String>) {
        let mut answers = answers.iter().cloned();
        let mut messages = Vec::new();
        let result = deliver("archive", batch, &mut |endpoint, message| {
            assert_eq!(endpoint, "archive");
            assert!(message.len() <= MESSAGE_LIMIT);
            messages.push(String::from_utf8(message.to_vec()).unwrap());
            answers.next().unwrap_or(Ok(()))
        });
        (result, messages)
    }

    #[test]
    fn each_entry_is_one_line() {
        let batch = [
            entry(7, r#"{"decision":"DENY"}"#),
            entry(8, "{\n \"a\": \"x\\n\"\r\n}"),
        ];
        let (result, messages) = delivered(&batch, &[]);
        assert_eq!(result, Ok(2));
        let expected =
            "{\"index\":7,\"leaf\":{\"decision\":\"DENY\"}}\n{\"index\":8,\"leaf\":{  \"a\": \"x\\n\"  }}\n";
        assert_eq!(messages, [expected]);
        for line in expected.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    #[test]
    fn an_empty_batch_sends_nothing() {
        assert_eq!(delivered(&[], &[]), (Ok(0), Vec::new()));
    }

    #[test]
    fn messages_stay_below_the_limit_and_lose_nothing() {
        let large = format!("\"{}\"", "x".repeat(MESSAGE_LIMIT / 2 - 100));
        let batch: Vec<_> = (0..5).map(|index| entry(index, &large)).collect();
        let (result, messages) = delivered(&batch, &[]);
        assert_eq!(result, Ok(5));
        let lines: Vec<_> = messages.iter().map(|message| message.lines().count()).collect();
        assert_eq!(lines, [2, 2, 1]);
    }

    #[test]
    fn what_was_taken_before_a_failure_counts() {
        let large = format!("\"{}\"", "x".repeat(MESSAGE_LIMIT / 2 - 100));
        let batch: Vec<_> = (0..5).map(|index| entry(index, &large)).collect();
        let (result, _) = delivered(&batch, &[Ok(()), Err(SendError::Unavailable("later".into()))]);
        assert_eq!(result, Ok(2));
    }

    #[test]
    fn failures_say_whether_trying_again_helps() {
        let batch = [entry(3, "1")];
        let refused = |answer| delivered(&batch, &[Err(answer)]).0.unwrap_err();
        assert!(matches!(
            refused(SendError::Unavailable("refused".into())),
            Failure::Retry(_)
        ));
        for answer in [
            SendError::UnknownEndpoint,
            SendError::Rejected("400".into()),
            SendError::TooLarge(10),
        ] {
            assert!(matches!(refused(answer), Failure::Refused(_)));
        }
    }

    #[test]
    fn an_entry_that_fits_nowhere_is_refused_by_name() {
        let (result, messages) = delivered(&[entry(9, &"1".repeat(MESSAGE_LIMIT))], &[]);
        assert!(messages.is_empty());
        let Err(Failure::Refused(reason)) = result else {
            panic!("{result:?}")
        };
        assert!(reason.contains("entry 9"), "{reason}");
    }
}
