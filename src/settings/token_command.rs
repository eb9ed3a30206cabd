//! The programs that are started for a credential, and what they get to see: `--token-command`, and a browser.

use std::path::Path;

use url::Url;

use super::layers::Sourced;
use super::{Environment, Error};
use crate::credentials::CommandLine;
use crate::http::is_loopback;

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

/// The command of this setting, to be run in the user's own folder with the few variables that it may need.
pub(super) fn command_line(environment: &Environment, sourced: &Sourced<'_>) -> Result<CommandLine, Error> {
    let words = split_words(sourced.text)
        .ok_or_else(|| Error::new(format!("the command from {} has a quote that does not end", sourced.origin)))?;
    let mut words = words.into_iter();
    let program = words.next().ok_or_else(|| Error::new(format!("the command from {} is empty", sourced.origin)))?;
    // A relative one would be a folder of what is scanned.
    let home = environment.get("HOME").filter(|home| Path::new(home).is_absolute()).ok_or_else(|| {
        Error::new(format!("the command from {} has no folder to run in: HOME is not set to one", sourced.origin))
    })?;
    let kept =
        COMMAND_VARIABLES.into_iter().filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())));
    let variables = kept.collect();
    Ok(CommandLine { program, arguments: words.collect(), folder: home.into(), variables })
}

/// What a browser may need beside those, and whatever finds it.
const BROWSER_VARIABLES: [&str; 9] = [
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_TYPE",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "DESKTOP_SESSION",
];

/// What opens an address in the user's browser; `None` for one that could be overheard. A machine without a screen has no browser
/// that would be of use, and one in a terminal would write over ours.
pub fn browser_command(environment: &Environment, url: &Url) -> Option<CommandLine> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
        return None;
    }
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let is_seen = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].iter().any(|name| environment.get(name).is_some());
    if !is_seen && !cfg!(target_os = "macos") {
        return None;
    }
    let names = COMMAND_VARIABLES.into_iter().chain(BROWSER_VARIABLES);
    let variables = names.filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned()))).collect();
    let folder = environment.get("HOME").unwrap_or("/").into();
    Some(CommandLine { program: program.to_owned(), arguments: vec![url.to_string()], folder, variables })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Origin;

    #[test]
    fn the_command_gets_no_variable_that_could_hold_a_secret() {
        let pairs =
            [("HOME", "/home/ci"), ("PATH", "/bin"), ("CYBEDEFEND_PAT", "pat_one"), ("GITHUB_TOKEN", "ghs_two")];
        let sourced = Sourced { text: "vault read -field='the token' x", origin: Origin::Flag("token-command") };
        let line = command_line(&Environment::from_pairs(pairs), &sourced).unwrap();
        assert_eq!(
            (line.program.as_str(), line.arguments),
            ("vault", vec!["read".into(), "-field=the token".into(), "x".into()])
        );
        assert_eq!(line.variables, [("PATH".into(), "/bin".into()), ("HOME".into(), "/home/ci".into())]);
        assert_eq!(line.folder, std::path::PathBuf::from("/home/ci"));
    }

    #[test]
    fn without_a_home_that_lies_somewhere_there_is_no_folder_to_run_in() {
        let sourced = Sourced { text: "vault", origin: Origin::Flag("token-command") };
        for pairs in [vec![], vec![("HOME", "work")], vec![("HOME", "")]] {
            let error = command_line(&Environment::from_pairs(pairs), &sourced).err().unwrap();
            assert_eq!(
                error.to_string(),
                "the command from --token-command has no folder to run in: HOME is not set to one"
            );
        }
    }

    #[test]
    fn a_browser_gets_a_safe_address_as_its_one_argument_and_no_secret() {
        let pairs =
            [("HOME", "/home/me"), ("DISPLAY", ":0"), ("CYBEDEFEND_PAT", "pat_one"), ("GITHUB_TOKEN", "ghs_two")];
        let environment = Environment::from_pairs(pairs);
        let open = |text: &str| browser_command(&environment, &Url::parse(text).unwrap());
        let command = open("https://auth.example/oidc/auth?a=b&c=-x").unwrap();
        assert_eq!(command.arguments, ["https://auth.example/oidc/auth?a=b&c=-x"]);
        assert_eq!(command.variables, [("HOME".into(), "/home/me".into()), ("DISPLAY".into(), ":0".into())]);
        assert!(open("http://127.0.0.1:4400/oidc/auth").is_some());
        for unsafe_one in ["http://auth.example/oidc/auth", "file:///etc/passwd", "javascript:alert(1)"] {
            assert!(open(unsafe_one).is_none(), "{unsafe_one}");
        }
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
