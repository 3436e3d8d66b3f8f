//! Log lines for people and for machines, on the standard error stream. Every line says which role wrote it.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::{LogFormat, Logging};

/// Begins to log as this role.
pub(crate) fn start(role: &'static str, logging: &Logging) {
    let terminal = std::io::stderr().is_terminal();
    let format = logging.log_format.unwrap_or(if terminal {
        LogFormat::Human
    } else {
        LogFormat::Json
    });
    // https://no-color.org: present and not empty.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = Lines {
        role,
        format,
        colour: terminal && !no_color,
    };
    let layer = tracing_subscriber::fmt::layer()
        .event_format(lines)
        .with_writer(std::io::stderr);
    // Fails only if something logs already, and then that goes on.
    let _ = tracing_subscriber::registry()
        .with(logging.log.clone())
        .with(layer)
        .try_init();
}

struct Lines {
    role: &'static str,
    format: LogFormat,
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = match self.format {
            LogFormat::Human => self.human(Timestamp::now(), *metadata.level(), fields),
            LogFormat::Json => self.json(Timestamp::now(), *metadata.level(), metadata.target(), fields),
        };
        writeln!(writer, "{line}")
    }
}

impl Lines {
    fn human(&self, time: Timestamp, level: Level, fields: Fields) -> String {
        let (dim, tint, end) = match (self.colour, level) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
            (true, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
            (true, Level::INFO) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[2m", "\x1b[0m"),
        };
        let role = self.role;
        let mut line = format!("{dim}{time:.3}{end} {tint}{level:<5}{end} {role:<10} ");
        push_plain(&mut line, &fields.message);
        for (name, value) in &fields.others {
            let _ = write!(line, " {dim}{name}={end}");
            match value {
                Value::String(text) if text.contains(char::is_whitespace) => {
                    line.push('"');
                    push_plain(&mut line, text);
                    line.push('"');
                }
                Value::String(text) => push_plain(&mut line, text),
                other => line.push_str(&other.to_string()),
            }
        }
        line
    }

    fn json(&self, time: Timestamp, level: Level, target: &str, fields: Fields) -> String {
        let mut line = Map::new();
        line.insert("time".to_owned(), format!("{time:.6}").into());
        line.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
        line.insert("role".to_owned(), self.role.into());
        line.insert("target".to_owned(), target.into());
        line.insert("message".to_owned(), fields.message.into());
        for (name, value) in fields.others {
            line.entry(name).or_insert(value);
        }
        Value::Object(line).to_string()
    }
}

/// What comes from outside must not look like another line or move the terminal's cursor.
fn push_plain(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let others = vec![
            ("code", "a b".into()),
            ("epoch", 7.into()),
            ("text", "x\n\u{1b}[2J".into()),
        ];
        Fields {
            message: "it\nhappened".to_owned(),
            others,
        }
    }

    fn lines(colour: bool) -> Lines {
        Lines {
            role: "agent",
            format: LogFormat::Human,
            colour,
        }
    }

    #[test]
    fn a_line_for_people_is_one_line_with_the_role() {
        let line = lines(false).human(Timestamp::UNIX_EPOCH, Level::WARN, fields());
        assert_eq!(
            line,
            "1970-01-01T00:00:00.000Z WARN  agent      it\\nhappened code=\"a b\" epoch=7 text=\"x\\n\\u{1b}[2J\""
        );
        assert!(
            lines(true)
                .human(Timestamp::UNIX_EPOCH, Level::WARN, fields())
                .contains("\x1b[33mWARN")
        );
    }

    #[test]
    fn a_line_for_machines_is_json_with_the_role() {
        let line = lines(false).json(Timestamp::UNIX_EPOCH, Level::WARN, "aecp_agent", fields());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["role"], "agent");
        assert_eq!(line["level"], "warn");
        assert_eq!(line["message"], "it\nhappened");
        assert_eq!(line["epoch"], 7);
    }
}
