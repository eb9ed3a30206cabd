//! The one place that prints. Logs go to standard error, documents that were asked for to standard output.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};

use super::neutral;
use super::progress::of;
use super::status_line::StatusLine;
use crate::clock::Clock;
use crate::error::Problem;
use crate::http::Redactor;
use crate::report::escape_json;
use crate::settings::{LogFormat, LogSettings, Verbosity};

/// Prints for one run. All text goes through the redactor, and then loses its effect on terminals and CI runners.
pub struct Printer {
    settings: LogSettings,
    redactor: Redactor,
    clock: Clock,
    pub(super) status_line: Option<StatusLine>,
    pub(super) last_states: Mutex<BTreeMap<Option<String>, String>>,
}

/// Where a document goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error, where another document has standard output for itself.
    Error,
}

/// The form of a document that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It stops the run.
    Error,
    /// Somebody should look at it.
    Warning,
    /// What happens.
    Info,
    /// How it happens.
    Debug,
    /// Everything else.
    Trace,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn least_verbosity(self) -> Verbosity {
        match self {
            Self::Error | Self::Warning => Verbosity::Quiet,
            Self::Info => Verbosity::Normal,
            Self::Debug => Verbosity::Debug,
            Self::Trace => Verbosity::Trace,
        }
    }

    /// The word before a line, with its colour (ECMA-48, "select graphic rendition"). Colour never carries the meaning alone.
    fn prefix(self, color: bool) -> String {
        let (word, code) = match self {
            Self::Error => ("error:", 31),
            Self::Warning => ("warning:", 33),
            Self::Info => return String::new(),
            Self::Debug => ("debug:", 2),
            Self::Trace => ("trace:", 2),
        };
        if color { format!("\u{1b}[{code}m{word}\u{1b}[0m ") } else { format!("{word} ") }
    }
}

impl Printer {
    /// A printer that shows a status line where the settings want one.
    pub fn new(settings: LogSettings, redactor: Redactor, clock: Clock) -> Self {
        let status_line = settings.progress.then(|| StatusLine::new(io::stderr()));
        Self { settings, redactor, clock, status_line, last_states: Mutex::default() }
    }

    /// How much is said.
    pub(super) fn verbosity(&self) -> Verbosity {
        self.settings.verbosity
    }

    /// Says one line on standard error. `facts` are the same for machines, and part of the line in JSON only.
    pub fn say(&self, level: Level, message: &str, facts: Map<String, Value>) {
        if level.least_verbosity() > self.settings.verbosity {
            return;
        }
        let line = match self.settings.format {
            LogFormat::Text => format!("{}{}", level.prefix(self.settings.color), self.clean(message)),
            LogFormat::Json => self.json(level, message, facts),
        };
        self.beside_status(|| to_stderr(&line));
    }

    /// Says how a run failed: the message, the way out, and the facts behind it.
    pub fn problem(&self, problem: &Problem) {
        self.problem_of(None, problem);
    }

    /// Says how an entry failed, with its name where several run.
    pub fn problem_of(&self, entry: Option<&str>, problem: &Problem) {
        if let Some(status_line) = &self.status_line {
            status_line.clear();
        }
        let mut facts = Map::new();
        if self.settings.format == LogFormat::Json {
            facts.insert("class".to_owned(), problem.class.as_str().into());
            facts.extend(problem.hint.clone().map(|hint| ("hint".to_owned(), hint.into())));
            facts.insert("detail".to_owned(), problem.detail.clone().into());
        }
        facts.extend(entry.map(|entry| ("entry".to_owned(), entry.into())));
        self.say(Level::Error, &of(entry, &problem.message), facts);
        if self.settings.format == LogFormat::Text {
            if let Some(hint) = &problem.hint {
                to_stderr(&format!("  hint: {}", self.clean(hint)));
            }
            for detail in &problem.detail {
                to_stderr(&format!("  {}", self.clean(detail)));
            }
        }
    }

    /// Prints one line of a document that was asked for, such as a list of files, to standard output.
    ///
    /// # Errors
    /// As for [`documents`].
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.beside_status(|| writeln!(documents(), "{}", self.clean(text)))
    }

    /// Whether colour is wanted there.
    pub fn is_coloured(&self, stream: Stream) -> bool {
        match stream {
            Stream::Output => self.settings.output_color,
            Stream::Error => self.settings.color,
        }
    }

    /// Prints a document that is neutral already, and that was asked for.
    ///
    /// # Errors
    /// As for [`documents`].
    pub fn document(&self, text: &str, stream: Stream) -> io::Result<()> {
        let text = self.redactor.clean(text);
        self.beside_status(|| match stream {
            Stream::Output => documents().write_all(text.as_bytes()),
            Stream::Error => io::stderr().lock().write_all(text.as_bytes()),
        })
    }

    /// Prints a JSON document that was asked for to standard output, without secrets and without effect.
    ///
    /// # Errors
    /// As for [`documents`].
    pub fn json_document(&self, mut document: Value) -> io::Result<()> {
        self.redact(&mut document);
        self.document(&neutral::json(&escape_json(&format!("{document:#}\n"))), Stream::Output)
    }

    /// Shows people what came of the run, neutral already, if anybody wants to hear more than warnings. Where it cannot be shown,
    /// a warning says so: it is in the reports too, and changes nothing about the verdict.
    pub fn show(&self, text: &str, stream: Stream) {
        let is_in_the_log = stream == Stream::Error && self.settings.format == LogFormat::Json;
        if self.settings.verbosity == Verbosity::Quiet || is_in_the_log {
            return;
        }
        if let Err(error) = self.document(text, stream) {
            self.say(Level::Warning, &format!("the result cannot be shown: {error}"), Map::new());
        }
    }

    /// Sets what came of the run apart from the lines about how it went.
    pub fn gap(&self) {
        if self.settings.verbosity >= Verbosity::Normal && self.settings.format == LogFormat::Text {
            self.beside_status(|| to_stderr(""));
        }
    }

    /// The text without secrets and without effect, in one line.
    pub(super) fn clean(&self, text: &str) -> String {
        neutral::line(&self.redactor.clean(text))
    }

    fn json(&self, level: Level, message: &str, facts: Map<String, Value>) -> String {
        let mut line = Map::new();
        let now = self.clock.now();
        line.insert("time".to_owned(), now.round(jiff::Unit::Millisecond).unwrap_or(now).to_string().into());
        line.insert("level".to_owned(), level.as_str().into());
        line.insert("message".to_owned(), message.into());
        line.extend(facts);
        line.values_mut().for_each(|value| self.redact(value));
        neutral::json(&Value::Object(line).to_string())
    }

    /// Redacts before serialisation, since a secret with a quote in it looks different after it.
    fn redact(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redactor.clean(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.redact(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.redact(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn beside_status<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.status_line {
            Some(status_line) => status_line.beside(print),
            None => print(),
        }
    }

    /// Whether this state of an entry differs from the last one that was said.
    pub(super) fn is_news(&self, entry: Option<&str>, state: &str) -> bool {
        let mut last = self.last_states.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(entry.map(str::to_owned), state.to_owned()).is_none_or(|last| last != state)
    }
}

/// Standard output for a whole document. A reader that has seen enough and goes away is no failure.
pub fn documents() -> impl Write {
    Patient { stdout: io::stdout().lock(), is_closed: false }
}

struct Patient<W> {
    stdout: W,
    is_closed: bool,
}

impl<W> Patient<W> {
    fn forgive<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.stdout.write(bytes);
        self.forgive(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = if self.is_closed { Ok(()) } else { self.stdout.flush() };
        self.forgive(flushed, ())
    }
}

/// Writes one line to standard error. Where that is closed, nobody is left who could be told.
pub(super) fn to_stderr(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_no_failure() {
        let mut writer = Patient { stdout: Broken, is_closed: false };
        assert!(writer.write_all(b"text").is_ok());
        assert!(writer.flush().is_ok());
    }

    #[test]
    fn a_json_line_is_one_object_whatever_the_text() {
        let settings = LogSettings { format: LogFormat::Json, ..LogSettings::default() };
        let printer = Printer::new(settings, Redactor::default(), Clock::simulated(jiff::Timestamp::UNIX_EPOCH));
        let line = printer.json(Level::Info, "a\n::error::\"b\u{1b}", Map::new());
        assert_eq!(line.lines().count(), 1);
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(document["time"], "1970-01-01T00:00:00Z");
        assert_eq!(document["message"], "a\n::error::\"b\u{1b}");
    }

    #[test]
    fn only_an_unchanged_state_is_no_news() {
        let printer = Printer::new(LogSettings::default(), Redactor::default(), Clock::system());
        for (entry, state, is_news) in [
            (None, "queued", true),
            (None, "queued", false),
            (None, "running", true),
            (Some("shop"), "running", true),
            (None, "running", false),
            (Some("shop"), "running", false),
        ] {
            assert_eq!(printer.is_news(entry, state), is_news, "{entry:?} {state}");
        }
    }
}
