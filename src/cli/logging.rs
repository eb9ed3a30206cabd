//! Warnings and debug events of our own code, in the form of all other lines.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::output::{Level, Printer};
use crate::settings::Verbosity;

/// Shows warnings, and debug events where they are wanted; what is not shown costs nothing.
pub(super) fn start(printer: &Arc<Printer>) {
    let layer = Lines(Arc::clone(printer));
    // A second subscriber in one process, as in tests of this crate, changes nothing.
    tracing_subscriber::registry().with(layer).try_init().unwrap_or_default();
}

struct Lines(Arc<Printer>);

impl<S: Subscriber> Layer<S> for Lines {
    /// Our own events only: libraries may put headers and bodies into theirs.
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        let is_wanted = *metadata.level() <= tracing::Level::WARN || self.0.verbosity() >= Verbosity::Debug;
        is_wanted && metadata.target().split("::").next() == Some("scangate")
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR | tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO | tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
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
