//! Flags, made from the one table of settings. Values are taken as they are: every layer has the same parser, behind them all.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use crate::settings::Flags;
use crate::settings::keys::{self, Key, Kind, Owner};

/// Which settings a command has.
pub(super) trait Selection {
    /// Whether it has this one.
    fn includes(key: &Key) -> bool;

    /// Its line of help there.
    fn help(key: &'static Key) -> &'static str {
        key.help
    }
}

/// The settings of one command, as they stood on its command line.
pub(super) struct SettingsFlags<S> {
    /// The values.
    pub(super) given: Flags,
    selection: PhantomData<S>,
}

impl<S: Selection> Args for SettingsFlags<S> {
    fn augment_args(command: Command) -> Command {
        command.args(keys::ALL.iter().filter(|key| S::includes(key)).map(|key| argument(key, S::help(key))))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Selection> FromArgMatches for SettingsFlags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Flags::default();
        for key in keys::ALL.iter().filter(|key| S::includes(key)) {
            if matches.value_source(key.name) == Some(ValueSource::CommandLine) {
                given.insert(key, values(key, matches));
            }
        }
        Ok(Self { given, selection: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(key: &'static Key, help: &'static str) -> Arg {
    let argument = Arg::new(key.name).long(key.name).help(help).help_heading(key.heading);
    let argument = match key.short {
        Some(short) => argument.short(short),
        None => argument,
    };
    // With several platforms, each may have its own.
    let argument = if key.owner == Owner::Platform { argument.action(ArgAction::Append) } else { argument };
    match key.kind {
        Kind::Value => argument.value_name(key.value_name),
        Kind::List | Kind::Map => argument.value_name(key.value_name).action(ArgAction::Append),
        Kind::Count => argument.action(ArgAction::Count).conflicts_with(keys::QUIET.name),
        // `--untracked=false` overrides a variable.
        Kind::Switch => argument
            .num_args(0..=1)
            .value_name("true|false")
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true),
    }
}

fn values(key: &Key, matches: &ArgMatches) -> Vec<String> {
    match key.kind {
        Kind::Count => vec![matches.get_count(key.name).min(2).to_string()],
        _ => matches.get_many::<String>(key.name).map(|values| values.cloned().collect()).unwrap_or_default(),
    }
}
