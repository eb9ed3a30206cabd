//! The one table of settings. Flags, variables and action inputs are derived from it, so that their names cannot differ.

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// The flag without its dashes.
    pub name: &'static str,
    /// How its values are given and merged.
    pub kind: Kind,
    /// What stands for the value in the help; empty for switches.
    pub value_name: &'static str,
    /// One line of help, which names the default.
    pub help: &'static str,
    /// Where it stands in the help.
    pub heading: &'static str,
    /// A flag of one letter.
    pub short: Option<char>,
    /// Whether it is also a setting of `scangate demo`, which needs no account.
    pub in_demo: bool,
    /// Whether it is read from nowhere but the command line.
    pub command_line_only: bool,
    /// Whether a file inside the scanned tree may not set it, since a pull request can edit that file (DESIGN section 4).
    pub trusted_only: bool,
    /// Whose value it is where several platforms run.
    pub owner: Owner,
    /// Which platforms heed it.
    pub heeded: Heeded,
}

/// Whose value a setting is where several platforms run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The run has one for all.
    Run,
    /// Each platform has its own.
    Platform,
}

/// Which platforms heed a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heeded {
    /// All of them.
    ByAll,
    /// Those whose [`About`](crate::platform::About) names it. Given to another, it is an error.
    BySome,
}

/// How values of a setting are given and merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Value,
    /// `true` or `false`; the flag alone is `true`.
    Switch,
    /// A flag that counts; elsewhere a number.
    Count,
    /// Several values, one a line outside of the command line; a layer replaces the one below.
    List,
    /// Several values `KEY=VALUE`, one a line outside of the command line; layers merge by key.
    Map,
}

const SOURCE: &str = "What is scanned";
const SCAN: &str = "How it is scanned";
const PLATFORM: &str = "Platform";
const CREDENTIALS: &str = "Credentials";
const WAITING: &str = "Waiting";
const GATE: &str = "Gate";
const REPORTS: &str = "Reports";
const NETWORK: &str = "Network";
const OUTPUT: &str = "Output";

impl Key {
    const fn new(
        name: &'static str,
        kind: Kind,
        value_name: &'static str,
        heading: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            value_name,
            help,
            heading,
            short: None,
            in_demo: false,
            command_line_only: false,
            trusted_only: false,
            owner: Owner::Run,
            heeded: Heeded::ByAll,
        }
    }

    const fn value(name: &'static str, value_name: &'static str, heading: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Value, value_name, heading, help)
    }

    const fn switch(name: &'static str, heading: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Switch, "", heading, help)
    }

    const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    const fn in_demo(mut self) -> Self {
        self.in_demo = true;
        self
    }

    const fn command_line_only(mut self) -> Self {
        self.command_line_only = true;
        self
    }

    const fn trusted_only(mut self) -> Self {
        self.trusted_only = true;
        self
    }

    const fn per_platform(mut self) -> Self {
        self.owner = Owner::Platform;
        self
    }

    const fn by_some(mut self) -> Self {
        self.heeded = Heeded::BySome;
        self
    }

    /// The variable that sets it: `SCANGATE_FAIL_ON` for `fail-on`.
    pub fn variable(&self) -> String {
        format!("SCANGATE_{}", in_variables(self.name))
    }

    /// The variable that sets it for one platform of the run, by the name of its entry: `SCANGATE_SHOP_API_TARGET` for `target` of
    /// `shop-api`.
    pub fn variable_of(&self, entry: &str) -> String {
        format!("SCANGATE_{}_{}", in_variables(entry), in_variables(self.name))
    }

    /// Its default as the help has it: a value, which has no space in it, or words about where one comes from.
    pub fn usual(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Switch => Some("false"),
            Kind::Count => Some("0"),
            // What differs in a demo, or with a platform, stands behind the `;`.
            _ => self.help.split_once("[default: ")?.1.split([';', ']']).next(),
        }
    }

    /// Whether files of settings may hold it. A file names no other, and holds no secret.
    pub fn is_in_files(&self) -> bool {
        !self.command_line_only && self.name != CONFIG.name
    }

    /// Whether its values name files or folders of the run, which a file in the workspace may name in the workspace only.
    pub fn names_path(&self) -> bool {
        [&DIR, &ARCHIVE, &SARIF, &REPORT, &OUTCOME].iter().any(|key| key.name == self.name)
    }

    /// Whether a pull request could loosen the gate with it, so that what a file inside the scanned tree says of it is taken from the
    /// base commit (DESIGN section 4). All of these are settings of the run. A deadline that nobody can meet is a way past the gate
    /// where a `timeout` is let through.
    pub fn is_from_base(&self) -> bool {
        [&FAIL_ON, &MAX, &UNRATED, &TIMEOUT, &POLL_INTERVAL].iter().any(|key| key.name == self.name)
    }

    /// Whether a pull request chooses with it what is scanned, and how.
    pub(super) fn chooses_scan(&self) -> bool {
        [PLATFORM, SOURCE, SCAN].contains(&self.heading) && !self.trusted_only
    }

    /// Its name in a file: `fail_on` for `fail-on`.
    pub fn file_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The variable in which GitHub hands over the action's input of this name: `INPUT_FAIL-ON` for `fail-on`. The runner turns
    /// spaces into underscores and leaves hyphens as they are.
    pub fn input_variable(&self) -> String {
        format!("INPUT_{}", self.name.to_ascii_uppercase())
    }
}

/// A name as it stands in variables: upper case, with `_` for all that is neither letter nor digit.
pub(super) fn in_variables(name: &str) -> String {
    name.chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// Declares each key once, as a constant and as a row of [`ALL`].
macro_rules! keys {
    ($($constant:ident = $key:expr;)*) => {
        $(pub(crate) static $constant: Key = $key;)*

        /// All settings, in the order of the help.
        pub static ALL: &[&Key] = &[$(&$constant),*];
    };
}

keys! {
    PLATFORM_NAME = Key::new("platform", Kind::List, "NAME", PLATFORM, "Where to scan: cybedefend, cybrium, cyberorigen or bestdefense, NAME=PLATFORM, or an entry of the file; repeatable").in_demo();
    PROJECT_ID = Key::value("project-id", "ID", PLATFORM, "The platform's project").per_platform().by_some();
    REGION = Key::value("region", "eu|us", PLATFORM, "The platform's cloud region [default: us]")
        .per_platform().by_some().trusted_only();
    API_URL = Key::value("api-url", "URL", PLATFORM, "The platform's API, where it is self-hosted [default: the platform's, or of the region]")
        .per_platform().trusted_only();
    AUTH_URL = Key::value("auth-url", "URL", PLATFORM, "Where credentials are exchanged [default: of the region]")
        .per_platform().by_some().trusted_only();
    AUTH_SCHEME = Key::value("auth-scheme", "WORD", PLATFORM, "The word before the key in Authorization, such as Bearer, Api-Key or Token [default: Bearer]")
        .per_platform().by_some().trusted_only();
    PATH = Key::new("path", Kind::Map, "NAME=TEMPLATE", PLATFORM, "Where a call of the platform lies, such as scan=/v1/scans/{id}/; repeatable [default: the platform's]")
        .per_platform().by_some().trusted_only();
    STATE = Key::new("state", Kind::Map, "WORD=CLASS", PLATFORM, "What the platform's word for a scan's state means: queued, running, done, failed, stopped; repeatable")
        .per_platform().by_some().trusted_only();

    DIR = Key::value("dir", "PATH", SOURCE, "The source tree to upload [default: .; in a demo, a built-in example]").in_demo();
    ARCHIVE = Key::value("archive", "FILE", SOURCE, "A ready zip to upload in place of --dir").by_some();
    IMAGE = Key::value("image", "REF", SOURCE, "A container image to scan in place of a source tree, such as node:18-alpine")
        .per_platform().by_some();
    TARGET = Key::value("target", "TARGET", SOURCE, "What to scan where the platform reaches it by itself: a domain, an address, or a name that the platform knows")
        .per_platform().by_some();
    SARIF = Key::value("sarif", "FILE", SOURCE, "The SARIF of another scanner to hand to the platform in place of starting a scan")
        .per_platform().by_some();
    UNTRACKED = Key::switch("untracked", SOURCE, "Also upload files that git does not track, less known secret files").by_some();
    BRANCH = Key::value("branch", "NAME", SOURCE, "The branch that is scanned [default: from the CI, else git]")
        .trusted_only();
    COMMIT = Key::value("commit", "SHA", SOURCE, "The commit that is scanned [default: from the CI, else git]")
        .trusted_only();

    SCAN_TYPE = Key::value("scan-type", "TYPE", SCAN, "The kind of scan, in the platform's word [default: the platform's]")
        .per_platform().by_some();
    FRAMEWORK = Key::new("framework", Kind::List, "ID", SCAN, "A compliance framework to check against, such as soc2; repeatable")
        .per_platform().by_some();
    PORTS = Key::value("ports", "PORTS", SCAN, "The ports to scan, such as 1-1000 [default: the platform's]")
        .per_platform().by_some();
    INTENSITY = Key::value("intensity", "WORD", SCAN, "How hard to scan, in the platform's word [default: the platform's]")
        .per_platform().by_some();
    AUTHORIZED = Key::switch("authorized", SCAN, "State that you may have the target scanned, where the platform asks for that")
        .per_platform().by_some().trusted_only();
    OPTION = Key::new("option", Kind::Map, "KEY=JSON", SCAN, "Another field of the request for a scan, by its dotted path; repeatable")
        .per_platform().by_some();

    PAT = Key::value("pat", "VALUE|-", CREDENTIALS, "A personal access token, or `-` for standard input; other processes can read a VALUE")
        .per_platform().command_line_only().trusted_only();
    TOKEN_FILE = Key::value("token-file", "PATH", CREDENTIALS, "A file that holds the token or key, or `-` for standard input").per_platform().trusted_only();
    TOKEN_COMMAND = Key::value("token-command", "CMD", CREDENTIALS, "A command that prints the token or key; run without a shell, in HOME, with a bare environment")
        .per_platform().trusted_only();

    FAIL_ON = Key::value("fail-on", "SEVERITY", GATE, "Fail on findings of this severity and above: critical, high, medium, low, info, none [default: high]").in_demo();
    MAX = Key::new("max", Kind::Map, "KIND.SEVERITY=N", GATE, "Allow up to N findings of a kind and severity, `*` for any; repeatable").in_demo();
    UNRATED = Key::value("unrated", "fail|SEVERITY|ignore", GATE, "What a finding without a severity counts as [default: medium]").in_demo();
    VENDOR_POLICY = Key::value("vendor-policy", "on|off", GATE, "Whether the platform's own policy verdict also gates [default: on]")
        .trusted_only();
    POLICY_FROM = Key::value("policy-from", "auto|base|head", GATE, "Whose gate settings and ignore rules count in a pull request, of those that it can edit: the base commit's, where auto takes the head's if the clone lacks it [default: auto]")
        .trusted_only();
    ON = Key::new("on", Kind::Map, "CLASS=fail|warn", GATE, "Whether a class of failure, such as unavailable, fails the build; repeatable [default: all fail]")
        .in_demo().trusted_only();

    TIMEOUT = Key::value("timeout", "DURATION", WAITING, "The deadline of the whole run, such as 30m or 1h30m [default: 60m; 90m with cyberorigen full, 4h with bestdefense ai]").in_demo();
    POLL_INTERVAL = Key::value("poll-interval", "DURATION", WAITING, "The first wait between two looks at the scan [default: the platform's]");
    ON_INTERRUPT = Key::value("on-interrupt", "leave|cancel", WAITING, "What a signal does to a scan that has not ended, where the platform can cancel one [default: leave]");

    REPORT = Key::new("report", Kind::List, "FORMAT=PATH", REPORTS, "Write a report, to standard output with `-`; repeatable [default: sarif=scangate.sarif]").in_demo();
    OUTCOME = Key::value("outcome", "PATH", REPORTS, "Where the outcome of the run is written as JSON [default: scangate-outcome.json]").in_demo();
    CATEGORY = Key::value("category", "ID", REPORTS, "The SARIF category [default: scangate/<name>/<what is scanned>/]").per_platform();
    SARIF_SUPPRESSED = Key::value("sarif-suppressed", "omit|include", REPORTS, "Whether SARIF holds suppressed findings [default: omit on GitHub, else include]");
    SAVE_RAW = Key::value("save-raw", "DIR", REPORTS, "Keep redacted copies of what the platforms answer, in a new folder outside of what is scanned")
        .trusted_only();

    CA_CERT = Key::value("ca-cert", "FILE", NETWORK, "Certificates to trust beside the system's, in PEM").trusted_only();
    CLIENT_CERT = Key::value("client-cert", "FILE", NETWORK, "A client certificate, in PEM").trusted_only();
    CLIENT_KEY = Key::value("client-key", "FILE", NETWORK, "The client certificate's key, in PEM").trusted_only();
    INSECURE_HTTP = Key::switch("insecure-http", NETWORK, "Allow plain http to more than this machine").trusted_only();

    CONFIG = Key::value("config", "FILE", OUTPUT, "A file of settings [default: scangate.yml, where it is there]");
    LOG_FORMAT = Key::value("log-format", "text|json", OUTPUT, "The form of what goes to standard error [default: text]").in_demo();
    VERBOSE = Key::new("verbose", Kind::Count, "", OUTPUT, "Say more; twice for everything").short('v').in_demo();
    QUIET = Key::switch("quiet", OUTPUT, "Say nothing but warnings and errors").short('q').in_demo();
    COLOR = Key::value("color", "auto|always|never", OUTPUT, "Colour on a terminal [default: auto]").in_demo();
    NO_PROGRESS = Key::switch("no-progress", OUTPUT, "Show no status line").in_demo();
}

/// The settings that name a credential.
pub(super) static CREDENTIAL: [&Key; 3] = [&PAT, &TOKEN_FILE, &TOKEN_COMMAND];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::PlatformId;

    #[test]
    fn names_are_unique_in_every_layer() {
        for name in [|key: &Key| key.name.to_owned(), Key::variable, Key::input_variable] {
            let names: BTreeSet<String> = ALL.iter().map(|key| name(key)).collect();
            assert_eq!(names.len(), ALL.len());
        }
    }

    #[test]
    fn hyphens_become_underscores_in_our_variables_and_stay_in_those_of_the_runner() {
        assert_eq!(FAIL_ON.variable(), "SCANGATE_FAIL_ON");
        assert_eq!(FAIL_ON.input_variable(), "INPUT_FAIL-ON");
        assert_eq!(FAIL_ON.file_name(), "fail_on");
    }

    #[test]
    fn a_default_is_that_of_the_help() {
        assert_eq!(FAIL_ON.usual(), Some("high"));
        assert_eq!((DIR.usual(), TIMEOUT.usual()), (Some("."), Some("60m")));
        assert_eq!((BRANCH.usual(), TARGET.usual()), (Some("from the CI, else git"), None));
        assert_eq!((UNTRACKED.usual(), VERBOSE.usual()), (Some("false"), Some("0")));
    }

    #[test]
    fn a_variable_of_an_entry_cannot_be_that_of_another_setting_or_entry() {
        assert_eq!(TARGET.variable_of("shop.api-2"), "SCANGATE_SHOP_API_2_TARGET");
        // Were one name the tail of another, `SCANGATE_A_B_C` could be `c` of `a-b` and `b-c` of `a`.
        for key in ALL.iter().filter(|key| key.owner == Owner::Platform) {
            let tail = format!("-{}", key.name);
            let other = ALL.iter().find(|other| other.name.ends_with(&tail));
            assert!(other.is_none(), "{} and {tail}", other.map_or("", |other| other.name));
        }
    }

    #[test]
    fn what_names_a_path_is_closed_to_the_scanned_tree_or_has_to_stay_in_it() {
        let is_path = |key: &&&Key| ["PATH", "FILE", "DIR"].iter().any(|word| key.value_name.ends_with(word));
        for key in ALL.iter().filter(is_path).filter(|key| key.is_in_files()) {
            assert!(key.trusted_only || key.names_path(), "{}", key.name);
        }
    }

    #[test]
    fn no_file_holds_a_secret_or_names_another_file_of_settings() {
        let closed: Vec<&str> = ALL.iter().filter(|key| !key.is_in_files()).map(|key| key.name).collect();
        assert_eq!(closed, [PAT.name, CONFIG.name]);
    }

    #[test]
    fn what_reaches_a_host_or_a_credential_is_closed_to_the_scanned_tree() {
        for heading in [CREDENTIALS, NETWORK] {
            assert!(ALL.iter().filter(|key| key.heading == heading).all(|key| key.trusted_only), "{heading}");
        }
        for key in [&API_URL, &AUTH_URL, &REGION, &AUTH_SCHEME, &PATH, &STATE, &AUTHORIZED, &SAVE_RAW, &BRANCH, &COMMIT]
        {
            assert!(key.trusted_only, "{}", key.name);
        }
    }

    #[test]
    fn what_a_platform_names_is_a_setting_that_only_some_have() {
        for about in PlatformId::ALL.map(PlatformId::about) {
            let kinds = about.subjects.iter().flat_map(|kind| kind.settings());
            for name in about.settings.iter().chain(kinds) {
                assert!(
                    ALL.iter().any(|key| key.name == *name && key.heeded == Heeded::BySome),
                    "{}: {name}",
                    about.id
                );
            }
            for (name, variable) in about.variables {
                assert!(ALL.iter().any(|key| key.name == *name), "{}: {variable} of {name}", about.id);
            }
        }
    }
}
