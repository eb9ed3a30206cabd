//! Where a platform's credential is looked for: flag, environment, file (DESIGN section 5).
//!
//! Only the places are chosen here. Reading them may start a command or wait for standard input, and is left to the run.

use std::path::Path;

use super::keys::Key;
use super::layers::{Binding, Layers, Origin, Sourced, own_token};
use super::token_command::command_line;
use super::{Environment, Error, keys, stores, vendor_file};
use crate::credentials::{Accepted, Form, Secret, Source, SourceKind};
use crate::platform::{About, PlatformId};

/// Our own variable for a token or key, whatever the platform.
const OWN: &str = "SCANGATE_TOKEN";

/// One layer in which a credential is looked for.
type Layer = fn(&Layers<'_>, &About) -> Result<Option<Form<Source>>, Error>;

/// The layers, the one that weighs most first. Below them is the login that is stored.
const LAYERS: [Layer; 5] = [of_a_flag, of_the_entry, of_the_platform, of_ours, of_files];

/// The places that hold the credential; `None` where no layer names one.
pub(super) fn choose(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    for layer in LAYERS {
        if let Some(form) = layer(layers, about)? {
            return Ok(Some(form));
        }
    }
    match previous_variable(about).and_then(|(key, previous)| Some((key, place(layers, previous).transpose()?))) {
        Some((key, previous)) => {
            let previous = previous?.origin;
            Err(Error::new(format!("{previous} is given, and {key} is not")).with_hint("give the key that is good now"))
        }
        None => Ok(None),
    }
}

/// The places of the layers below the one that was chosen: what they hold is passed over.
pub(super) fn passed_over(layers: &Layers<'_>, about: &About) -> Vec<String> {
    let found = LAYERS.into_iter().filter_map(|layer| layer(layers, about).ok().flatten());
    let others = about.credentials.forms().iter().filter_map(|form| places(layers, form).ok().flatten());
    let mut origins: Vec<String> = Vec::new();
    for origin in found.chain(others).map(|form| form.origin()) {
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    origins.into_iter().skip(1).collect()
}

/// What a flag or an input names.
pub(super) fn of_a_flag(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    of_setting(flag(layers)?, layers, about)
}

/// What our own variable for the entry of that name holds.
fn of_the_entry(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    let own = layers.entry().map(|entry| own_token(&entry.name));
    of_variable(own.as_deref(), layers, about)
}

/// What our own variable holds. It is heeded only where the platform is alone in the run: nobody could tell for which of several it
/// was meant.
fn of_ours(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    of_variable((!layers.is_one_of_several()).then_some(OWN), layers, about)
}

/// What a file of settings names.
fn of_files(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    of_setting(only_place(|key| layers.in_files(key))?, layers, about)
}

fn of_setting(
    setting: Option<(&'static Key, Sourced<'_>)>,
    layers: &Layers<'_>,
    about: &About,
) -> Result<Option<Form<Source>>, Error> {
    let Some((key, sourced)) = setting else { return Ok(None) };
    let place = place_of(key, layers.environment(), &sourced)?;
    single(layers, about, place).map(Some)
}

fn of_variable(name: Option<&str>, layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    let place = name.map_or(Ok(None), |name| place(layers, name))?;
    place.map(|place| single(layers, about, place)).transpose()
}

/// The flag or input that names a credential.
fn flag<'a>(layers: &Layers<'a>) -> Result<Option<(&'static Key, Sourced<'a>)>, Error> {
    // What comes from our own variables stands behind the platform's, and is looked at after them.
    only_place(|key| layers.value(key).filter(|sourced| sourced.origin.depth() < 2))
}

/// The one of the settings for credentials that weighs most.
fn only_place<'a>(
    value: impl Fn(&'static Key) -> Option<Sourced<'a>>,
) -> Result<Option<(&'static Key, Sourced<'a>)>, Error> {
    let mut given: Vec<_> = keys::CREDENTIAL.into_iter().filter_map(|key| Some((key, value(key)?))).collect();
    let shallowest = given.iter().map(|(_, sourced)| sourced.origin.depth()).min();
    given.retain(|(_, sourced)| Some(sourced.origin.depth()) == shallowest);
    refuse_two(given.iter().map(|(_, sourced)| sourced))?;
    Ok(given.pop())
}

/// The variable of ours that holds a token and does not say well enough for which platform.
pub(super) fn unsaid_token(layers: &Layers<'_>, is_said: impl Fn(Binding) -> bool) -> Option<String> {
    let own = (OWN.to_owned(), Binding::Run);
    let named = layers.entry().map(|entry| (own_token(&entry.name), Binding::Name));
    let variables = [(!layers.is_one_of_several()).then_some(own), named].into_iter().flatten();
    let unsaid = variables.filter(|(_, binding)| !is_said(*binding)).flat_map(|(name, _)| forms_of(&name));
    unsaid.into_iter().find(|name| layers.environment().get(name).is_some())
}

/// The credential in the platform's own variables.
fn of_the_platform(layers: &Layers<'_>, about: &About) -> Result<Option<Form<Source>>, Error> {
    let mut given = about.credentials.forms().iter().filter_map(|form| places(layers, form).transpose());
    let first = given.next().transpose()?;
    if let (Some(first), Accepted::OneOf(_)) = (&first, about.credentials)
        && let Some(second) = given.next().transpose()?
    {
        let message = format!("{} and {} are both credentials for {}", first.origin(), second.origin(), about.name);
        return Err(Error::new(message).with_hint("give one of them"));
    }
    Ok(first)
}

/// The places of a form's parts; `None` where nothing of it is given.
fn places(layers: &Layers<'_>, form: &Form<&'static str>) -> Result<Option<Form<Source>>, Error> {
    let optional = |name: Option<&str>| name.map_or(Ok(None), |name| place(layers, name));
    match *form {
        Form::Token { secret, previous } => match place(layers, secret)? {
            Some(secret) => Ok(Some(Form::Token { secret, previous: optional(previous)? })),
            None => Ok(None),
        },
        Form::ApiKey(key) => Ok(place(layers, key)?.map(Form::ApiKey)),
        Form::Tokens { .. } => Ok(None),
        Form::Login { username, password, mfa_code } => {
            let code = optional(mfa_code)?;
            match (place(layers, username)?, place(layers, password)?) {
                (Some(username), Some(password)) => Ok(Some(Form::Login { username, password, mfa_code: code })),
                (None, None) if code.is_none() => Ok(None),
                (Some(given), None) => Err(half(&given, password)),
                (None, Some(given)) => Err(half(&given, username)),
                (None, None) => {
                    Err(Error::new(format!("a login needs {username} and {password}, and has a code only")))
                }
            }
        }
    }
}

fn half(given: &Source, missing: &str) -> Error {
    Error::new(format!("{} is given, and {missing} is not", given.origin)).with_hint("a login needs both")
}

/// The form in which the platform takes a single token or key, with this one.
fn single(layers: &Layers<'_>, about: &About, place_of_it: Source) -> Result<Form<Source>, Error> {
    let form = about.credentials.forms().iter().find(|form| !matches!(form, Form::Login { .. }));
    match form {
        Some(Form::Token { previous, .. }) => {
            let previous = previous.map_or(Ok(None), |name| place(layers, name))?;
            Ok(Form::Token { secret: place_of_it, previous })
        }
        Some(Form::ApiKey(_)) => Ok(Form::ApiKey(place_of_it)),
        Some(Form::Login { .. } | Form::Tokens { .. }) | None => {
            let message = format!("{} takes a user name and a password, and no token", about.name);
            Err(Error::new(message).with_hint(format!("set {}", about.credentials.usual())))
        }
    }
}

/// The variable of a key with that of the key before it.
fn previous_variable(about: &About) -> Option<(&'static str, &'static str)> {
    about.credentials.forms().iter().find_map(|form| match *form {
        Form::Token { secret, previous: Some(previous) } => Some((secret, previous)),
        _ => None,
    })
}

/// The names under which a variable can be given: with the value, a file that holds it, a command that prints it.
fn forms_of(name: &str) -> [String; 3] {
    [name.to_owned(), format!("{name}_FILE"), format!("{name}_COMMAND")]
}

/// The place that a variable names: its value, or a file that holds it; for our own also a command.
fn place(layers: &Layers<'_>, name: &str) -> Result<Option<Source>, Error> {
    let known = if name.starts_with("SCANGATE_") { 3 } else { 2 };
    let environment = layers.environment();
    let given = forms_of(name).into_iter().take(known).filter_map(|variable| {
        environment.get(&variable).map(|text| Sourced { text, origin: Origin::Variable(variable) })
    });
    let mut given: Vec<_> = given.collect();
    refuse_two(given.iter())?;
    let Some(sourced) = given.pop() else { return Ok(None) };
    let origin = sourced.origin.to_string();
    let kind = match origin.strip_prefix(name) {
        Some("_FILE") => SourceKind::File(sourced.text.into()),
        Some("_COMMAND") => SourceKind::Command(command_line(environment, &sourced)?),
        _ => value(&sourced)?,
    };
    Ok(Some(Source { kind, origin }))
}

/// Two sources in one layer are an error: nobody can tell which of them was meant.
fn refuse_two<'s, 'a: 's>(mut given: impl Iterator<Item = &'s Sourced<'a>>) -> Result<(), Error> {
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => {
            let message = format!("both {} and {} name a credential", first.origin, second.origin);
            Err(Error::new(message).with_hint("give one of them"))
        }
        _ => Ok(()),
    }
}

/// The place that a setting names.
fn place_of(key: &'static Key, environment: &Environment, sourced: &Sourced<'_>) -> Result<Source, Error> {
    let kind = match key.name {
        // A variable or a file with a lone `-` is more likely a slip.
        name if name != keys::TOKEN_COMMAND.name && sourced.text == "-" && sourced.origin.depth() == 0 => {
            SourceKind::StandardInput
        }
        name if name == keys::PAT.name => value(sourced)?,
        name if name == keys::TOKEN_COMMAND.name => SourceKind::Command(command_line(environment, sourced)?),
        // From a file that holds for every run, it would be a file of whatever is scanned.
        _ if matches!(sourced.origin, Origin::File(_)) && !Path::new(sourced.text).is_absolute() => {
            let message = format!("{} is a relative path, and would be looked for in what is scanned", sourced.origin);
            return Err(Error::new(message).with_hint("write the whole path, from `/` on"));
        }
        _ => SourceKind::File(sourced.text.into()),
    };
    Ok(Source { kind, origin: sourced.origin.to_string() })
}

fn value(sourced: &Sourced<'_>) -> Result<SourceKind, Error> {
    let secret = Secret::new(sourced.text).ok_or_else(|| Error::new(format!("{} is empty", sourced.origin)))?;
    Ok(SourceKind::Value(secret))
}

/// What people should know of the credentials they configured.
pub(super) fn warnings(layers: &Layers<'_>, about: &'static About, chosen: Option<&Form<Source>>) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_bare = |place: &Source| matches!(place.kind, SourceKind::Value(_)) && place.origin == "--pat";
    if chosen.is_some_and(|form| form.secrets().any(is_bare)) {
        let variables = about.credentials.usual();
        warnings
            .push(format!("other processes can read the value of --pat; use {variables}, --token-file or `--pat -`"));
    }
    if layers.environment().get("CYBEDEFEND_API_KEY").is_some() {
        let advice = "CYBEDEFEND_API_KEY is not used: the platform answers API keys with 410 Gone; use a personal access token \
                      in CYBEDEFEND_PAT";
        warnings.push(advice.to_owned());
    }
    if layers.is_one_of_several()
        && let Some(name) = forms_of(OWN).iter().find(|name| layers.environment().get(name).is_some())
    {
        let of_entry = layers.entry().map(|entry| own_token(&entry.name)).unwrap_or_default();
        warnings.push(format!("{name} is not used, since the run has several platforms; use {of_entry} and the like"));
    }
    if chosen.is_none() {
        warnings.extend(stores::warning(layers, about));
    }
    warnings.extend(vendor_file::warnings(layers, about, chosen));
    warnings
}

/// The secrets that an environment is known to hold, so that a redactor can learn them before anything is printed: one that was
/// put into the wrong setting by mistake must not be shown in the error about it.
pub fn known_secrets(environment: &Environment) -> impl Iterator<Item = Secret> {
    let platforms = PlatformId::ALL.into_iter().flat_map(|platform| platform.about().credentials.secret_variables());
    let others = [OWN, "CYBEDEFEND_API_KEY", "GITHUB_TOKEN", "CI_JOB_TOKEN"];
    let of_entries = environment
        .names()
        .filter(|name| name.starts_with("SCANGATE_") && (name.ends_with("_TOKEN") || name.ends_with("_PAT")))
        .map(str::to_owned);
    platforms
        .chain(others)
        .map(str::to_owned)
        .chain(of_entries)
        .filter_map(|name| environment.get(&name).and_then(Secret::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;
    use crate::settings::named::Named;
    use crate::settings::samples::{SITE, WORKSPACE};

    fn choose_for(
        about: &'static About,
        flags: &[(&'static Key, &str)],
        pairs: &[(&str, &str)],
    ) -> Result<Option<Form<Source>>, Error> {
        let mut given = Flags::default();
        for (key, value) in flags {
            given.insert(key, vec![(*value).to_owned()]);
        }
        let environment = Environment::from_pairs(pairs.iter().copied());
        choose(&Layers::new(&given, &environment), about)
    }

    fn choose_from(flags: &[(&'static Key, &str)], pairs: &[(&str, &str)]) -> Result<Option<Form<Source>>, Error> {
        choose_for(PlatformId::CybeDefend.about(), flags, pairs)
    }

    fn origin(flags: &[(&'static Key, &str)], pairs: &[(&str, &str)]) -> Option<String> {
        choose_from(flags, pairs).ok().flatten().map(|form| form.origin())
    }

    /// Where the credential of a platform comes from by these variables, part by part, or the error.
    fn parts(about: &'static About, pairs: &[(&str, &str)]) -> String {
        match choose_for(about, &[], pairs) {
            Ok(Some(form)) => form.parts().map(|source| source.origin.clone()).collect::<Vec<_>>().join(" "),
            Ok(None) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
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
    fn our_own_variable_is_for_a_platform_that_is_alone() {
        let environment = Environment::from_pairs([("SCANGATE_TOKEN", "pat_two")]);
        let (flags, named) = (Flags::default(), Named::usual(PlatformId::CybeDefend));
        let layers = Layers::new(&flags, &environment).of_entry(&named, false);
        assert!(choose(&layers, PlatformId::CybeDefend.about()).unwrap().is_none());
        let warnings = warnings(&layers, PlatformId::CybeDefend.about(), None);
        assert!(warnings.iter().any(|warning| warning.starts_with("SCANGATE_TOKEN is not used")), "{warnings:?}");
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
    fn a_login_is_whole_or_an_error_that_names_what_is_missing() {
        let (user, password, code) = (("SITE_USER", "me"), ("SITE_PASSWORD", "a b"), ("SITE_CODE", "123456"));
        assert_eq!(parts(&SITE, &[user, password]), "SITE_USER SITE_PASSWORD");
        assert_eq!(parts(&SITE, &[user, ("SITE_PASSWORD_FILE", "p"), code]), "SITE_USER SITE_PASSWORD_FILE SITE_CODE");
        assert_eq!(parts(&SITE, &[user]), "SITE_USER is given, and SITE_PASSWORD is not");
        assert_eq!(parts(&SITE, &[password, code]), "SITE_PASSWORD is given, and SITE_USER is not");
        assert_eq!(parts(&SITE, &[code]), "a login needs SITE_USER and SITE_PASSWORD, and has a code only");
    }

    #[test]
    fn of_forms_that_exclude_each_other_one_may_be_given() {
        let key = ("SITE_KEY", "key_one");
        assert_eq!(parts(&SITE, &[key]), "SITE_KEY");
        let both = parts(&SITE, &[key, ("SITE_USER", "me"), ("SITE_PASSWORD", "p")]);
        assert_eq!(both, "SITE_USER and SITE_PASSWORD and SITE_KEY are both credentials for Site");
    }

    #[test]
    fn of_names_in_an_order_the_first_that_is_given_wins() {
        let [first, second] = [("WORKSPACE_KEY", "key_one"), ("WORKSPACE_TOKEN", "key_two")];
        assert_eq!(parts(&WORKSPACE, &[first, second]), "WORKSPACE_KEY");
        assert_eq!(parts(&WORKSPACE, &[second]), "WORKSPACE_TOKEN");
        assert_eq!(parts(&WORKSPACE, &[]), "nothing");
    }

    #[test]
    fn a_previous_key_goes_with_the_key_and_never_alone() {
        let previous = ("WORKSPACE_KEY_PREVIOUS", "key_old");
        assert_eq!(parts(&WORKSPACE, &[("WORKSPACE_KEY", "key"), previous]), "WORKSPACE_KEY WORKSPACE_KEY_PREVIOUS");
        assert_eq!(parts(&WORKSPACE, &[("SCANGATE_TOKEN", "key"), previous]), "SCANGATE_TOKEN WORKSPACE_KEY_PREVIOUS");
        assert_eq!(parts(&WORKSPACE, &[previous]), "WORKSPACE_KEY_PREVIOUS is given, and WORKSPACE_KEY is not");
    }

    #[test]
    fn a_token_from_a_flag_takes_the_form_that_the_platform_has_for_one() {
        let of = |about| choose_for(about, &[(&keys::TOKEN_FILE, "token")], &[]).unwrap().unwrap();
        assert!(matches!(of(&SITE), Form::ApiKey(_)));
        assert!(matches!(of(&WORKSPACE), Form::Token { previous: None, .. }));
    }
}
