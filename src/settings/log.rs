//! How much is said on standard error, and in which form.

use super::layers::{Layers, Sourced};
use super::{Error, keys};
use crate::ci;

/// How the program talks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// `--log-format`.
    pub format: LogFormat,
    /// `-v` and `-q`.
    pub verbosity: Verbosity,
    /// Whether standard error gets colour.
    pub color: bool,
    /// Whether standard output gets colour.
    pub output_color: bool,
    /// Whether standard error gets a status line.
    pub progress: bool,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// What happens, too.
    #[default]
    Normal,
    /// How it happens, too: requests, retries, decisions.
    Debug,
    /// Everything.
    Trace,
}

#[derive(Clone, Copy)]
enum Color {
    Auto,
    Always,
    Never,
}

impl LogSettings {
    /// Reads them from the layers. They are read first, because they say how every later error is shown.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let environment = layers.environment();
        let is_dumb = environment.get("TERM") == Some("dumb");
        let on_terminal = environment.terminal().stderr && !is_dumb;
        let format = match layers.value(&keys::LOG_FORMAT) {
            Some(sourced) => sourced.one_of("a log format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])?,
            None => LogFormat::Text,
        };
        let words = [("auto", Color::Auto), ("always", Color::Always), ("never", Color::Never)];
        let color = layers
            .value(&keys::COLOR)
            .map_or(Ok(Color::Auto), |sourced| sourced.one_of("a choice of colour", &words))?;
        let is_coloured = |on_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => on_terminal && !is_dumb && environment.get("NO_COLOR").is_none(),
        };
        let verbosity = verbosity(layers)?;
        let is_watched = on_terminal && !ci::is_job(environment);
        let is_wanted =
            format == LogFormat::Text && verbosity == Verbosity::Normal && !layers.switch(&keys::NO_PROGRESS)?;
        Ok(Self {
            format,
            verbosity,
            color: is_coloured(environment.terminal().stderr),
            output_color: is_coloured(environment.terminal().stdout),
            progress: is_watched && is_wanted,
        })
    }
}

fn verbosity(layers: &Layers<'_>) -> Result<Verbosity, Error> {
    let quiet = layers.value(&keys::QUIET);
    let verbose = layers.value(&keys::VERBOSE);
    // The higher of two layers is heeded, as if the other had not been given.
    let depth = |sourced: &Option<Sourced<'_>>| sourced.as_ref().map_or(u8::MAX, |sourced| sourced.origin.depth());
    if depth(&quiet) < depth(&verbose) && layers.switch(&keys::QUIET)? {
        return Ok(Verbosity::Quiet);
    }
    let Some(verbose) = verbose else { return Ok(Verbosity::Normal) };
    let words = [
        ("0", Verbosity::Normal),
        ("1", Verbosity::Debug),
        ("2", Verbosity::Trace),
        ("false", Verbosity::Normal),
        ("true", Verbosity::Debug),
    ];
    verbose.one_of("a verbosity", &words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Flags};

    fn resolve(flags: &[(&'static keys::Key, &str)], pairs: &[(&str, &str)]) -> Result<LogSettings, Error> {
        let mut given = Flags::default();
        for (key, value) in flags {
            given.insert(key, vec![(*value).to_owned()]);
        }
        LogSettings::resolve(&Layers::new(&given, &Environment::from_pairs(pairs.iter().copied())))
    }

    #[test]
    fn a_pipe_gets_neither_colour_nor_a_status_line() {
        assert_eq!(resolve(&[], &[]).unwrap(), LogSettings::default());
    }

    #[test]
    fn colour_that_is_asked_for_weighs_more_than_no_color() {
        assert!(resolve(&[(&keys::COLOR, "always")], &[("NO_COLOR", "1")]).unwrap().color);
        assert!(!resolve(&[(&keys::COLOR, "never")], &[]).unwrap().color);
        assert!(resolve(&[(&keys::COLOR, "sometimes")], &[]).is_err());
    }

    #[test]
    fn a_flag_weighs_more_than_a_variable_between_quiet_and_verbose_too() {
        let quiet = [("SCANGATE_QUIET", "true")];
        assert_eq!(resolve(&[], &quiet).unwrap().verbosity, Verbosity::Quiet);
        assert_eq!(resolve(&[(&keys::VERBOSE, "2")], &quiet).unwrap().verbosity, Verbosity::Trace);
        let verbose = [("SCANGATE_VERBOSE", "true")];
        assert_eq!(resolve(&[(&keys::QUIET, "true")], &verbose).unwrap().verbosity, Verbosity::Quiet);
    }
}
