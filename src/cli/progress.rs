//! Tells people and machines what happens in a run.

use serde_json::{Map, Value, json};

use super::output::{Level, Printer};
use crate::platform::ScanState;
use crate::report::counted;
use crate::scan::observer::{Event, Observer};

impl Observer for Printer {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Of { entry, event } => Teller { printer: self, entry: Some(entry) }.event(event),
            event => Teller { printer: self, entry: None }.event(event),
        }
    }
}

/// Says what happened, and where several run to which of them.
struct Teller<'a> {
    printer: &'a Printer,
    entry: Option<&'a str>,
}

impl Teller<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::SigningIn { platform, credential_origin } => self.happened(
                &format!("signing in to {platform} with {credential_origin}"),
                json!({ "event": "signing-in", "platform": platform, "credential": credential_origin }),
            ),
            Event::Archived { files, bytes } => self.happened(
                &format!("archived {}, {}", counted(*files, "file"), size(*bytes)),
                json!({ "event": "archived", "files": files, "bytes": bytes }),
            ),
            Event::Started(scan) => {
                let page = scan.url.as_ref().map(|url| format!(": {url}")).unwrap_or_default();
                let facts = json!({ "event": "started", "scan": scan.id, "url": scan.url });
                self.happened(&format!("started scan {}{page}", scan.id), facts);
            }
            Event::State(state) => self.state(state),
            Event::Found(count) => {
                if let Some(status_line) = &self.printer.status_line {
                    status_line.clear();
                }
                let message = format!("read {}", counted(*count as u64, "finding"));
                self.happened(&message, json!({ "event": "found", "count": count }));
            }
            Event::Wrote(path) => {
                let path = path.display().to_string();
                self.happened(&format!("wrote {path}"), json!({ "event": "wrote", "path": path }));
            }
            Event::Note(text) => self.happened(&format!("note: {text}"), json!({ "event": "note" })),
            Event::Warning(text) => self.say(Level::Warning, text, json!({ "event": "warning" })),
            Event::Of { event, .. } => self.event(event),
        }
    }

    fn happened(&self, message: &str, known: Value) {
        self.say(Level::Info, message, known);
    }

    fn say(&self, level: Level, message: &str, known: Value) {
        let mut facts = facts(known);
        facts.extend(self.entry.map(|entry| ("entry".to_owned(), entry.into())));
        self.printer.say(level, &of(self.entry, message), facts);
    }

    /// A status line shows every percent; a log has one line for each state and step, so that an hour's scan stays readable.
    fn state(&self, state: &ScanState) {
        let (word, detail, percent) = described(state);
        let state = match detail {
            Some(detail) => format!("{word}: {detail}"),
            None => word.to_owned(),
        };
        if let Some(status_line) = &self.printer.status_line {
            let percent = percent.map(|percent| format!(" {percent:.0} %")).unwrap_or_default();
            status_line.set(self.printer.clean(&of(self.entry, &format!("scan {state}{percent}"))));
        } else if self.printer.is_news(self.entry, &state) {
            let facts = json!({ "event": "state", "state": word, "detail": detail, "percent": percent });
            self.happened(&format!("scan {state}"), facts);
        }
    }
}

/// A message with the name of the entry that it is about, where that is a question.
pub(super) fn of(entry: Option<&str>, message: &str) -> String {
    match entry {
        Some(entry) => format!("{entry}: {message}"),
        None => message.to_owned(),
    }
}

/// Our word for the state, the platform's own detail, and the percentage.
fn described(state: &ScanState) -> (&'static str, Option<&str>, Option<f64>) {
    match state {
        ScanState::Queued => ("queued", None, None),
        ScanState::Running { percent, step } => ("running", step.as_deref(), *percent),
        ScanState::Done => ("done", None, Some(100.0)),
        ScanState::Degraded(reason) => ("degraded", Some(reason), None),
        ScanState::Failed(reason) => ("failed", Some(reason), None),
        ScanState::Stopped(reason) | ScanState::Vanished(reason) => ("stopped", Some(reason), None),
        ScanState::Unknown(word) => ("in a state that is not known", Some(word), None),
    }
}

fn facts(known: Value) -> Map<String, Value> {
    match known {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// A size for people: whole bytes, then tenths of decimal units.
fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_000), "1.0 kB");
        assert_eq!(size(3_456_789), "3.4 MB");
        assert_eq!(size(u64::MAX), "18446744073.7 GB");
    }

    #[test]
    fn a_new_percentage_is_no_new_state() {
        let running = |percent| ScanState::Running { percent: Some(percent), step: Some("sast".to_owned()) };
        let (first, second) = (running(10.0), running(20.0));
        let without_percent = |state| {
            let (word, detail, _) = described(state);
            (word, detail.map(str::to_owned))
        };
        assert_eq!(without_percent(&first), without_percent(&second));
    }
}
