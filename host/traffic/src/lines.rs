//! Lines of bounded length.

use std::io::{self, BufRead, BufReader, Read};

/// Most bytes of a line that is read, 4 MiB. A longer one is skipped, and said to be.
pub(crate) const LINE_LIMIT: usize = 4 << 20;

/// What stands at the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line; its text is in the buffer.
    Text,
    /// A line that is too long, or no UTF-8 text.
    Unreadable(&'static str),
    /// There is no more.
    End,
}

/// Reads lines, counting them and their bytes.
pub(crate) struct Lines {
    reader: BufReader<Box<dyn Read>>,
    /// The number of the line that was read last, from 1.
    pub(crate) number: u64,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(reader: Box<dyn Read>) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, reader),
            number: 0,
            bytes: 0,
            buffer: Vec::new(),
        }
    }

    /// The next line that is not blank, into `text`.
    pub(crate) fn next(&mut self, text: &mut String) -> io::Result<Line> {
        loop {
            let whole = self.fill()?;
            if self.buffer.is_empty() && whole.is_none() {
                return Ok(Line::End);
            }
            self.number = self.number.saturating_add(1);
            if whole == Some(false) {
                return Ok(Line::Unreadable("the line has more than 4 MiB"));
            }
            text.clear();
            match std::str::from_utf8(&self.buffer) {
                Ok(line) => text.push_str(line.trim()),
                Err(_) => return Ok(Line::Unreadable("the line is no UTF-8 text")),
            }
            if !text.is_empty() {
                return Ok(Line::Text);
            }
        }
    }

    /// Fills the buffer with one line. None at the end; false if the line is too long, and was skipped.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let mut any = false;
        let mut whole = true;
        loop {
            let available = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                return Ok(any.then_some(whole));
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available
                .get(..end.unwrap_or(available.len()))
                .unwrap_or_default();
            if self.buffer.len().saturating_add(part.len()) > LINE_LIMIT {
                whole = false;
                self.buffer.clear();
            } else if whole {
                self.buffer.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(end.is_some()));
            self.reader.consume(used);
            self.bytes = self.bytes.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
            if end.is_some() {
                return Ok(Some(whole));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_long_and_broken_lines_are_counted() {
        let mut bytes = b"one\n\n  \n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', LINE_LIMIT + 1));
        bytes.extend(b"\n\xff\xfe\nlast");
        let length = u64::try_from(bytes.len()).unwrap();
        let mut lines = Lines::new(Box::new(io::Cursor::new(bytes)));
        let mut text = String::new();
        assert_eq!(lines.next(&mut text).unwrap(), Line::Text);
        assert_eq!((text.as_str(), lines.number), ("one", 1));
        assert!(matches!(lines.next(&mut text).unwrap(), Line::Unreadable(_)));
        assert_eq!(lines.number, 4);
        assert!(matches!(lines.next(&mut text).unwrap(), Line::Unreadable(_)));
        assert_eq!(lines.next(&mut text).unwrap(), Line::Text);
        assert_eq!((text.as_str(), lines.number), ("last", 6));
        assert_eq!(lines.next(&mut text).unwrap(), Line::End);
        assert_eq!(lines.bytes, length);
    }
}
