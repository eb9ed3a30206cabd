//! One platform of the run: its credential, the way to its servers, and what the credential may see.

use std::time::Duration;

use url::Url;

use super::check::Checks;
use super::machine::{READABLE, open_to_others};
use super::way;
use crate::cli::Context;
use crate::credentials::{Credential, Form, Source, SourceKind};
use crate::error::Error;
use crate::http::{Client, Options};
use crate::platform::{Connection, Request};
use crate::settings::{EntrySettings, Subject};

/// What is behind the way.
const BEHIND: [&str; 3] = ["sign-in", "permission", "limits"];

/// Makes the checks of an entry, and counts its requests.
pub(super) async fn examine(
    entry: &EntrySettings,
    options: &Options,
    deadline: Duration,
    context: &Context,
) -> (Checks, u64) {
    let mut checks = Checks::of(&entry.name);
    let options = Options { keep_sights: true, ..options.clone() };
    match Client::new(&options, context.clock.clone(), deadline, context.redactor.clone()) {
        Ok(client) => {
            look(entry, &client, deadline, context, &mut checks).await;
            (checks, client.requests())
        }
        Err(error) => {
            checks.fail("certificates", Error::from(error).to_problem());
            (checks, 0)
        }
    }
}

async fn look(entry: &EntrySettings, client: &Client, deadline: Duration, context: &Context, checks: &mut Checks) {
    // The token's file may be missing, and its command may fail: that hides nothing of the way.
    let request = credential(entry, deadline, context, checks).await.map(|credential| entry.request(credential));
    // A stored login says where it is good.
    let hosts = request.as_ref().map_or_else(|| entry.connection.hosts(), Request::hosts);
    let bases = match entry.connection.platform.bases(&hosts, matches!(entry.subject, Subject::Sarif(_))) {
        Ok(bases) => bases,
        Err(error) => {
            checks.fail("servers", Error::from(error).to_problem());
            return checks.skip(&BEHIND, "no server is known");
        }
    };
    let mut is_reached = true;
    for base in &bases {
        is_reached &= way::walk(client, base, checks).await;
    }
    match request {
        None => checks.skip(&BEHIND, "there is no credential to sign in with"),
        Some(_) if !is_reached => checks.skip(&BEHIND, "the platform is not reached"),
        Some(request) => ask(entry, request, client, &bases, checks).await,
    }
}

/// Reads the credential, and says where it was found; never what it is.
async fn credential(
    entry: &EntrySettings,
    deadline: Duration,
    context: &Context,
    checks: &mut Checks,
) -> Option<Credential> {
    const CHECK: &str = "credentials";
    for closed in entry.connection.close_store() {
        checks.warn(CHECK, closed, "log in again, and have the old credential revoked, if others use this machine");
    }
    let read = entry.connection.read_credential(&context.clock, deadline, &context.redactor).await;
    let credential = match read {
        Ok(credential) => credential,
        Err(error) => {
            checks.fail(CHECK, Error::from(error).to_problem());
            return None;
        }
    };
    checks.pass(CHECK, format!("found in {}", credential.origin));
    for Source { kind, origin } in entry.connection.credential.iter().flat_map(Form::parts) {
        if let SourceKind::File(path) = kind
            && let Some(mode) = open_to_others(path, READABLE)
        {
            let message = format!("the file of {origin} is open to others (mode {mode:03o})");
            checks.warn(CHECK, message, "take the right from them, with chmod go-rwx");
        }
    }
    Some(credential)
}

/// Signs in, and looks at what a scan would be of.
async fn ask(entry: &EntrySettings, request: Request, client: &Client, bases: &[Url], checks: &mut Checks) {
    if let Some(connection) = sign_in(entry, &request, client, checks).await {
        permission(entry, request, connection, checks).await;
        way::limits(client, bases, checks);
    } else {
        checks.skip(&["permission", "limits"], "the sign-in failed");
    }
}

async fn sign_in(entry: &EntrySettings, request: &Request, client: &Client, checks: &mut Checks) -> Option<Connection> {
    const CHECK: &str = "sign-in";
    if matches!(request.credential.form, Form::Login { mfa_code: Some(_), .. }) {
        let next = "give a scan that follows a fresh code";
        checks.warn(CHECK, "the code for the second factor is good once, and is used up by this check", next);
    }
    let connected = entry.connection.platform.connect(client.clone(), request).await.map_err(Error::from);
    let signed_in = match connected {
        Ok(connection) => match connection.session.authenticate().await {
            Ok(is_exchanged) => Ok((connection, is_exchanged)),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    match signed_in {
        Ok((connection, is_exchanged)) => {
            connection.notes.iter().for_each(|note| checks.warn(CHECK, note, ""));
            let how = if is_exchanged {
                "the credential was exchanged for a token"
            } else {
                "nothing is exchanged: the credential is sent as it is"
            };
            checks.pass(CHECK, how);
            Some(connection)
        }
        Err(error) => {
            checks.fail(CHECK, error.to_problem());
            None
        }
    }
}

async fn permission(entry: &EntrySettings, request: Request, connection: Connection, checks: &mut Checks) {
    const CHECK: &str = "permission";
    match entry.connection.platform.inspect(connection, request).await {
        Ok(inspection) => {
            checks.pass(CHECK, format!("the credential sees {}", inspection.seen));
            inspection.warnings.iter().for_each(|warning| checks.warn(CHECK, warning, ""));
        }
        Err(error) => checks.fail(CHECK, Error::from(error).to_problem()),
    }
}
