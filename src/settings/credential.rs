//! Where a platform's credential is looked for: flag, then environment (DESIGN section 5).
//!
//! Only the place is chosen here. Reading it may start a command or wait for standard input, and is left to the run.

use super::layers::{Layers, Origin, Sourced};
use super::{Environment, Error, keys};
use crate::credentials::{CommandLine, Secret, Source, SourceKind};
use crate::platform::PlatformId;

/// The variables that the command behind `--token-command` gets. Its other needs can be met by `env NAME=VALUE COMMAND`; a list
/// of what to keep out would miss the secret with the unusual name.
const COMMAND_VARIABLES: [&str; 13] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// The place that holds the credential; `None` where no layer names one.
pub(super) fn choose(layers: &Layers<'_>, platform: PlatformId) -> Result<Option<Source>, Error> {
    let mut given = Vec::new();
    for key in [&keys::PAT, &keys::TOKEN_FILE, &keys::TOKEN_COMMAND] {
        // What comes from our own variables stands behind the platform's, and is looked at below.
        if let Some(sourced) = layers.value(key).filter(|sourced| sourced.origin.depth() < 2) {
            given.push(sourced);
        }
    }
    let shallowest = given.iter().map(|sourced| sourced.origin.depth()).min();
    given.retain(|sourced| Some(sourced.origin.depth()) == shallowest);
    if let Some(sourced) = only(given)? {
        return flag(layers.environment(), &sourced).map(Some);
    }
    for name in platform.about().credential_variables.iter().copied().chain(["SCANGATE_TOKEN"]) {
        if let Some(sourced) = only(variables(layers, name))? {
            return variable(layers.environment(), &sourced, name).map(Some);
        }
    }
    Ok(None)
}

/// The variables in which `name`'s value may be given: itself, and a file that holds it; for our own also a command.
fn variables<'a>(layers: &Layers<'a>, name: &str) -> Vec<Sourced<'a>> {
    let forms = [name.to_owned(), format!("{name}_FILE"), format!("{name}_COMMAND")];
    let own = if name == "SCANGATE_TOKEN" { 3 } else { 2 };
    let found = forms.into_iter().take(own);
    found
        .filter_map(|name| {
            layers.environment().get(&name).map(|text| Sourced { text, origin: Origin::Variable(name.clone()) })
        })
        .collect()
}

/// Two sources in one layer are an error: nobody can tell which of them was meant.
fn only(mut given: Vec<Sourced<'_>>) -> Result<Option<Sourced<'_>>, Error> {
    if let [first, second, ..] = given.as_slice() {
        return Err(Error::new(format!("both {} and {} name a credential", first.origin, second.origin))
            .with_hint("give one of them"));
    }
    Ok(given.pop())
}

fn flag(environment: &Environment, sourced: &Sourced<'_>) -> Result<Source, Error> {
    let kind = match &sourced.origin {
        Origin::Flag("pat") if sourced.text == "-" => SourceKind::StandardInput,
        Origin::Flag("pat") => value(sourced)?,
        Origin::Flag("token-command") | Origin::Input("token-command") => command(environment, sourced)?,
        Origin::Flag(_) | Origin::Input(_) | Origin::Variable(_) => SourceKind::File(sourced.text.into()),
    };
    Ok(Source { kind, origin: sourced.origin.to_string() })
}

fn variable(environment: &Environment, sourced: &Sourced<'_>, name: &str) -> Result<Source, Error> {
    let origin = sourced.origin.to_string();
    let kind = match origin.strip_prefix(name) {
        Some("_FILE") => SourceKind::File(sourced.text.into()),
        Some("_COMMAND") => command(environment, sourced)?,
        _ => value(sourced)?,
    };
    Ok(Source { kind, origin })
}

fn value(sourced: &Sourced<'_>) -> Result<SourceKind, Error> {
    let secret = Secret::new(sourced.text).ok_or_else(|| Error::new(format!("{} is empty", sourced.origin)))?;
    Ok(SourceKind::Value(secret))
}

fn command(environment: &Environment, sourced: &Sourced<'_>) -> Result<SourceKind, Error> {
    let words = split_words(sourced.text)
        .ok_or_else(|| Error::new(format!("the command from {} has a quote that does not end", sourced.origin)))?;
    let mut words = words.into_iter();
    let program = words.next().ok_or_else(|| Error::new(format!("the command from {} is empty", sourced.origin)))?;
    let home = environment.get("HOME").ok_or_else(|| {
        Error::new(format!("the command from {} has no folder to run in: HOME is not set", sourced.origin))
    })?;
    let kept =
        COMMAND_VARIABLES.into_iter().filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())));
    let variables = kept.collect();
    Ok(SourceKind::Command(CommandLine { program, arguments: words.collect(), folder: home.into(), variables }))
}

/// Splits at white space. Quotes of both kinds keep words together, and a backslash outside of single quotes takes the next
/// character as it is; there is no other magic. `None` where a quote or a backslash is left open.
fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), character) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(characters.next()?),
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// What people should know of the credentials they configured.
pub(super) fn warnings(layers: &Layers<'_>, chosen: Option<&Source>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(Source { kind: SourceKind::Value(_), origin }) = chosen
        && origin == "--pat"
    {
        let advice = "other processes can read the value of --pat; use CYBEDEFEND_PAT, --token-file or `--pat -`";
        warnings.push(advice.to_owned());
    }
    if layers.environment().get("CYBEDEFEND_API_KEY").is_some() {
        let advice = "CYBEDEFEND_API_KEY is not used: the platform answers API keys with 410 Gone; use a personal access token \
                      in CYBEDEFEND_PAT";
        warnings.push(advice.to_owned());
    }
    warnings
}

/// The secrets that an environment is known to hold, so that a redactor can learn them before anything is printed: one that was
/// put into the wrong setting by mistake must not be shown in the error about it.
pub fn known_secrets(environment: &Environment) -> impl Iterator<Item = Secret> {
    let platforms = PlatformId::ALL.into_iter().flat_map(|platform| platform.about().credential_variables);
    let names = platforms.copied().chain(["SCANGATE_TOKEN", "CYBEDEFEND_API_KEY", "GITHUB_TOKEN", "CI_JOB_TOKEN"]);
    names.filter_map(|name| environment.get(name)).filter_map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;
    use crate::settings::keys::Key;

    fn choose_from(flags: &[(&'static Key, &str)], pairs: &[(&str, &str)]) -> Result<Option<Source>, Error> {
        let mut given = Flags::default();
        for (key, value) in flags {
            given.insert(key, vec![(*value).to_owned()]);
        }
        let environment = Environment::from_pairs(pairs.iter().copied());
        choose(&Layers::new(&given, &environment), PlatformId::CybeDefend)
    }

    fn origin(flags: &[(&'static Key, &str)], pairs: &[(&str, &str)]) -> Option<String> {
        choose_from(flags, pairs).ok().flatten().map(|source| source.origin)
    }

    #[test]
    fn a_flag_weighs_more_than_the_environment_and_the_platforms_variable_more_than_ours() {
        let both = [("CYBEDEFEND_PAT", "pat_one"), ("SCANGATE_TOKEN", "pat_two")];
        assert_eq!(origin(&[(&keys::TOKEN_FILE, "token")], &both).as_deref(), Some("--token-file"));
        assert_eq!(origin(&[], &both).as_deref(), Some("CYBEDEFEND_PAT"));
        assert_eq!(origin(&[], &[("SCANGATE_TOKEN", "pat_two")]).as_deref(), Some("SCANGATE_TOKEN"));
        assert_eq!(origin(&[], &[("SCANGATE_TOKEN_FILE", "token")]).as_deref(), Some("SCANGATE_TOKEN_FILE"));
        let file = [("SCANGATE_TOKEN_FILE", "token"), ("CYBEDEFEND_PAT", "pat_one")];
        assert_eq!(origin(&[], &file).as_deref(), Some("CYBEDEFEND_PAT"));
        assert_eq!(origin(&[], &[]), None);
    }

    #[test]
    fn the_actions_inputs_stand_before_the_environment() {
        let pairs = [("SCANGATE_ACTION", "1"), ("INPUT_TOKEN-FILE", "token"), ("CYBEDEFEND_PAT", "pat_one")];
        assert_eq!(origin(&[], &pairs).as_deref(), Some("input token-file"));
    }

    #[test]
    fn two_sources_in_one_layer_are_an_error_that_names_both() {
        let error = |flags: &[(&'static Key, &str)], pairs: &[(&str, &str)]| choose_from(flags, pairs).err().unwrap();
        let flags = error(&[(&keys::PAT, "pat_one"), (&keys::TOKEN_FILE, "token")], &[]);
        assert_eq!(flags.to_string(), "both --pat and --token-file name a credential");
        let variables = error(&[], &[("CYBEDEFEND_PAT", "pat_one"), ("CYBEDEFEND_PAT_FILE", "token")]);
        assert_eq!(variables.to_string(), "both CYBEDEFEND_PAT and CYBEDEFEND_PAT_FILE name a credential");
    }

    #[test]
    fn the_command_gets_no_variable_that_could_hold_a_secret() {
        let pairs =
            [("HOME", "/home/ci"), ("PATH", "/bin"), ("CYBEDEFEND_PAT", "pat_one"), ("GITHUB_TOKEN", "ghs_two")];
        let source =
            choose_from(&[(&keys::TOKEN_COMMAND, "vault read -field='the token' x")], &pairs).unwrap().unwrap();
        let SourceKind::Command(line) = source.kind else { panic!("not a command") };
        assert_eq!(
            (line.program.as_str(), line.arguments),
            ("vault", vec!["read".into(), "-field=the token".into(), "x".into()])
        );
        assert_eq!(line.variables, [("PATH".into(), "/bin".into()), ("HOME".into(), "/home/ci".into())]);
        assert_eq!(line.folder, std::path::PathBuf::from("/home/ci"));
    }

    #[test]
    fn words_are_split_without_any_magic_of_a_shell() {
        let split = |text| split_words(text).map(|words| words.join("|"));
        assert_eq!(split("a  b\tc").as_deref(), Some("a|b|c"));
        assert_eq!(split(r#"a 'b "c' "d 'e" f\ g "h\"i" '\'"#).as_deref(), Some("a|b \"c|d 'e|f g|h\"i|\\"));
        assert_eq!(split("a '' $HOME `b` *;c").as_deref(), Some("a||$HOME|`b`|*;c"));
        assert_eq!(split("").as_deref(), Some(""));
        for open in ["a 'b", "a \"b", "a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }
}
