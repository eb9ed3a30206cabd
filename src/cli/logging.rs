//! Warnings and debug events of our own code, in the form of all other lines.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::output::{self, Printer};
use crate::settings::Verbosity;

/// Shows warnings, and debug events where they are wanted; what is not shown costs nothing.
pub(super) fn start(printer: &Arc<Printer>) {
    // A second subscriber in one process, as in tests of this crate, changes nothing.
    tracing::subscriber::set_global_default(Lines(Arc::clone(printer))).unwrap_or_default();
}

struct Lines(Arc<Printer>);

impl Lines {
    fn finest(&self) -> Level {
        if self.0.verbosity() >= Verbosity::Debug { Level::DEBUG } else { Level::WARN }
    }
}

impl Subscriber for Lines {
    /// Our own events only: libraries may put headers and bodies into theirs. There are no spans of ours.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = metadata.target().split("::").next() == Some("scangate");
        is_ours && metadata.is_event() && *metadata.level() <= self.finest()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.finest().into())
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::ERROR | Level::WARN => output::Level::Warning,
            Level::INFO | Level::DEBUG => output::Level::Debug,
            Level::TRACE => output::Level::Trace,
        };
        let mut line = fields.message;
        for (name, value) in &fields.others {
            line.extend([" ", name, "="]);
            match value {
                Value::String(text) => line.push_str(text),
                value => line.push_str(&value.to_string()),
            }
        }
        self.0.say(level, line.trim_start(), fields.others);
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.insert(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }
}
