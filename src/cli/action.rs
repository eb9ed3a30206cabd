//! The container action's way to the command line: its input `command` stands for the first argument, since the runner starts the
//! image without any (DESIGN section 4).

use std::ffi::OsString;

use crate::settings::{self, Environment, value};

/// The commands that the input may name; the first is its default.
const COMMANDS: [&str; 3] = ["scan", "demo", "doctor"];

/// Commands that it will be able to name.
const PLANNED: [&str; 3] = ["wait", "gate", "cancel"];

/// The process's arguments, its own name first. In the action's image, and where none were given, the input adds the command.
///
/// # Errors
/// The input names no command, or one that is not there yet.
pub(super) fn arguments(mut given: Vec<OsString>, environment: &Environment) -> Result<Vec<OsString>, settings::Error> {
    let [default, ..] = COMMANDS;
    if environment.get("SCANGATE_ACTION") != Some("1") || given.len() > 1 {
        return Ok(given);
    }
    let input = environment.get("INPUT_COMMAND").unwrap_or(default);
    let Some(command) = COMMANDS.into_iter().find(|command| *command == input) else { return Err(refused(input)) };
    if given.is_empty() {
        given.push("scangate".into());
    }
    given.push(command.into());
    Ok(given)
}

fn refused(input: &str) -> settings::Error {
    let known = COMMANDS.join(", ");
    if PLANNED.contains(&input) {
        return settings::Error::new(format!("the command `{input}` from input command is not there yet"))
            .with_hint(format!("this version has {known}"));
    }
    let error = format!("`{}` from input command is not a command: use one of {known}", value::shown(input));
    let meant = value::nearest(input, COMMANDS.into_iter().chain(PLANNED));
    match meant {
        Some(meant) => settings::Error::new(error).with_hint(format!("did you mean `{meant}`?")),
        None => settings::Error::new(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments_of(given: &[&str], pairs: &[(&str, &str)]) -> Result<Vec<OsString>, String> {
        let given = given.iter().map(Into::into).collect();
        arguments(given, &Environment::from_pairs(pairs.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_input_is_the_command_and_scan_its_default() {
        let action = ("SCANGATE_ACTION", "1");
        for (pairs, command) in [
            (vec![action], "scan"),
            (vec![action, ("INPUT_COMMAND", "")], "scan"),
            (vec![action, ("INPUT_COMMAND", "scan")], "scan"),
            (vec![action, ("INPUT_COMMAND", "demo")], "demo"),
            (vec![action, ("INPUT_COMMAND", "doctor")], "doctor"),
        ] {
            assert_eq!(arguments_of(&["scangate"], &pairs).unwrap(), ["scangate", command]);
        }
    }

    #[test]
    fn arguments_that_were_given_and_a_process_outside_of_the_action_are_left_alone() {
        let demo = [("SCANGATE_ACTION", "1"), ("INPUT_COMMAND", "demo")];
        assert_eq!(arguments_of(&["scangate", "scan"], &demo).unwrap(), ["scangate", "scan"]);
        assert_eq!(arguments_of(&["scangate"], &demo[1..]).unwrap(), ["scangate"]);
    }

    #[test]
    fn what_is_no_command_is_refused_with_those_there_are() {
        let refused =
            |input| arguments_of(&["scangate"], &[("SCANGATE_ACTION", "1"), ("INPUT_COMMAND", input)]).unwrap_err();
        assert_eq!(refused("scna"), "`scna` from input command is not a command: use one of scan, demo, doctor");
        assert_eq!(refused("wait"), "the command `wait` from input command is not there yet");
        for hostile in ["--help", "scan --fail-on none", "sandbox", "Scan"] {
            assert!(refused(hostile).contains("is not a command"), "{hostile}");
        }
    }
}
