//! What the suite has to know of a platform: how to scan something on it, and what its flow passes through.

use scangate::platform::PlatformId;
use scangate::sandbox::{Access, Dialect, Place};
use serde_json::{Value, json};

/// A platform's row. It has no default on purpose.
pub(super) struct Row {
    pub(super) platform: PlatformId,
    /// Something in which findings are, one of them above the usual threshold.
    pub(super) vulnerable: Input,
    /// Something in which none are.
    pub(super) clean: Input,
    /// What a scan has to be told beside where the platform is, who asks, and what is scanned.
    pub(super) settings: &'static [(&'static str, &'static str)],
    /// Every way to sign in. The first one is what most runs use.
    pub(super) ways: &'static [Way],
    /// The parts of the platform that a scan goes through, from the first call on.
    pub(super) places: &'static [Place],
    /// Whether what the platform counts gates beside what it lists. Elsewhere a count is a claim that the list has to bear out.
    pub(super) counts_gate: bool,
    /// The cases that cannot be tried, each with its reason.
    pub(super) exempt: &'static [(&'static str, &'static str)],
}

/// What is scanned.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// A source tree of one file: its name and its text.
    Tree(&'static str, &'static str),
    /// What the platform reaches by itself.
    Target(&'static str),
}

/// A way to sign in.
pub(super) struct Way {
    /// The variables that hold the credential.
    pub(super) variables: &'static [&'static str],
    /// Whether a run outlives one 401: by another token, or by another key.
    pub(super) is_renewable: bool,
}

impl Way {
    /// Whether there is a second key beside the first.
    pub(super) fn has_spare(&self) -> bool {
        self.variables.iter().any(|name| name.ends_with("PREVIOUS"))
    }
}

/// All platforms.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    PlatformId::ALL.into_iter().map(Row::of)
}

impl Row {
    fn of(platform: PlatformId) -> Self {
        match platform {
            PlatformId::CybeDefend => Self {
                platform,
                vulnerable: Input::Tree("app.py", "value = eval(input())\n"),
                clean: Input::Tree("readme.txt", "nothing to see\n"),
                settings: &[],
                ways: &[Way { variables: &["CYBEDEFEND_PAT"], is_renewable: true }],
                places: &[
                    Place::ClientApps,
                    Place::Token,
                    Place::Start,
                    Place::Upload,
                    Place::Status,
                    Place::Results,
                    Place::Policy,
                ],
                counts_gate: false,
                exempt: &[],
            },
            PlatformId::Cybrium => Self {
                platform,
                vulnerable: Input::Target("sandbox-app"),
                clean: Input::Target("clean-app"),
                settings: &[],
                ways: &[
                    Way { variables: &["CYBRIUM_API_KEY"], is_renewable: false },
                    Way { variables: &["CYBRIUM_API_KEY", "CYBRIUM_API_KEY_PREVIOUS"], is_renewable: true },
                ],
                places: &[Place::Start, Place::Status, Place::Results],
                counts_gate: false,
                exempt: &[],
            },
            PlatformId::CyberOrigen => Self {
                platform,
                vulnerable: Input::Target("shop.example.com"),
                clean: Input::Target("clean.example.com"),
                settings: &[("authorized", "true")],
                ways: &[
                    Way { variables: &["CYBERORIGEN_USERNAME", "CYBERORIGEN_PASSWORD"], is_renewable: true },
                    Way { variables: &["CYBERORIGEN_API_KEY"], is_renewable: false },
                ],
                places: &[Place::Token, Place::Start, Place::Status, Place::Results],
                counts_gate: false,
                exempt: &[],
            },
            PlatformId::BestDefense => Self {
                platform,
                vulnerable: Input::Target("shop.example.com"),
                clean: Input::Target("clean.example.com"),
                settings: &[],
                ways: &[Way { variables: &["BD_API_TOKEN"], is_renewable: false }],
                places: &[Place::Project, Place::Start, Place::Status, Place::Results],
                counts_gate: true,
                exempt: &[("three pages", "alerts are one list, which the contract does not page")],
            },
        }
    }

    /// How the sandbox speaks like it.
    pub(super) fn dialect(&self) -> Dialect {
        self.platform.as_str().parse().unwrap()
    }

    /// Why this case is not tried.
    pub(super) fn exemption(&self, case: &str) -> Option<&'static str> {
        self.exempt.iter().find(|(exempt, _)| *exempt == case).map(|(_, reason)| *reason)
    }

    /// Everything that a scan has to be told to reach the platform at these addresses.
    pub(super) fn addresses(access: &Access) -> Vec<(&'static str, String)> {
        match access {
            Access::CybeDefend(access) => vec![
                ("api-url", access.api_url.clone()),
                ("auth-url", access.auth_url.clone()),
                ("project-id", access.project_id.clone()),
            ],
            Access::Cybrium(access) => vec![("api-url", access.api_url.clone())],
            Access::CyberOrigen(access) => vec![("api-url", access.api_url.clone())],
            Access::BestDefense(access) => vec![("api-url", access.api_url.clone())],
        }
    }

    /// The same where everything is at one origin.
    pub(super) fn addresses_at(&self, origin: &str) -> Vec<(&'static str, String)> {
        let api = |path: &str| vec![("api-url", format!("{origin}{path}"))];
        match self.platform {
            PlatformId::CybeDefend => {
                [api(""), vec![("auth-url", origin.to_owned()), ("project-id", PROJECT.to_owned())]].concat()
            }
            PlatformId::Cybrium => api("/v1"),
            PlatformId::CyberOrigen => api("/api/v1"),
            PlatformId::BestDefense => api(""),
        }
    }

    /// What the sandbox gives out for a variable of a credential.
    pub(super) fn value<'a>(access: &'a Access, variable: &str) -> &'a str {
        match access {
            Access::CybeDefend(access) => access.pat.expose(),
            Access::Cybrium(access) if variable.ends_with("PREVIOUS") => access.previous_key.expose(),
            Access::Cybrium(access) => access.key.expose(),
            Access::CyberOrigen(access) if variable.ends_with("USERNAME") => &access.username,
            Access::CyberOrigen(access) if variable.ends_with("PASSWORD") => access.password.expose(),
            Access::CyberOrigen(access) => access.api_key.expose(),
            Access::BestDefense(access) => access.token.expose(),
        }
    }

    /// What the platform answers at this path to a client that signs in, and whether it does so before it knows who asks.
    pub(super) fn signs_in(platform: PlatformId, path: &str, token: &str) -> Option<(bool, Value)> {
        let granted = json!({ "access_token": token, "token_type": "bearer", "expires_in": 600 });
        match platform {
            PlatformId::CybeDefend if path == "/client-apps" => Some((true, json!({ "cli": { "appId": "cli" } }))),
            PlatformId::CybeDefend => (path == "/oidc/token").then_some((false, granted)),
            PlatformId::CyberOrigen => (path == "/api/v1/auth/token").then_some((false, granted)),
            PlatformId::Cybrium | PlatformId::BestDefense => None,
        }
    }
}

/// A project of the test's own.
const PROJECT: &str = "0b7f2a70-54c1-4a0c-9d52-4f9f6a3c1d10";
