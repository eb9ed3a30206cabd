//! Platforms that exist in tests only, so that each rule for settings has one to which it applies.

use std::time::Duration;

use crate::credentials::{Accepted, Form};
use crate::platform::{About, SubjectKind, Timing};

/// Scans targets; signs in with a login or a key, which exclude each other; can cancel.
pub(super) static SITE: About = About {
    id: "site",
    name: "Site",
    documentation: "https://site.example",
    credentials: Accepted::OneOf(&[
        Form::Login { username: "SITE_USER", password: "SITE_PASSWORD", mfa_code: Some("SITE_CODE") },
        Form::ApiKey("SITE_KEY"),
    ]),
    credential_advice: |_| "set SITE_KEY".to_owned(),
    hosts: |_| &["https://api.site.example"],
    trial_path: "/targets",
    subjects: &[SubjectKind::Target("a host name or an address")],
    settings: &["scan-type", "framework", "ports", "authorized"],
    variables: &[],
    paths: &[],
    token_paths: &[],
    timing: |scan_type| match scan_type {
        None | Some("full") => Timing { timeout: Duration::from_mins(90), ..Timing::USUAL },
        Some(_) => Timing::USUAL,
    },
    supports_cancel: true,
    has_policy: false,
};

/// Scans targets or takes SARIF; signs in with the first of two keys; is told its paths, words and fields.
pub(super) static WORKSPACE: About = About {
    id: "workspace",
    name: "Workspace",
    documentation: "https://workspace.example",
    credentials: Accepted::FirstOf(&[
        Form::Token { secret: "WORKSPACE_KEY", previous: Some("WORKSPACE_KEY_PREVIOUS") },
        Form::Token { secret: "WORKSPACE_TOKEN", previous: None },
    ]),
    credential_advice: |_| "set WORKSPACE_KEY".to_owned(),
    hosts: |_| &["https://api.workspace.example"],
    trial_path: "/targets",
    subjects: &[SubjectKind::Target("the name of a target"), SubjectKind::Sarif],
    settings: &["auth-scheme", "path", "state", "option"],
    variables: &[("api-url", "WORKSPACE_API_URL")],
    paths: &["scans", "scan"],
    token_paths: &[],
    timing: |_| Timing::USUAL,
    supports_cancel: false,
    has_policy: false,
};
