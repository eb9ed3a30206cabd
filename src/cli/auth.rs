//! `scangate auth status`: which credentials a run would use, and nothing of what they hold.

use std::io;

use serde_json::{Value, json};

use super::flags::{Selection, SettingsFlags};
use super::output::{Format, Stream};
use super::{Context, neutral};
use crate::credentials::store::StoredLogin;
use crate::credentials::{Claims, Form, Secret, Source, SourceKind};
use crate::error::{Class, Error};
use crate::scan::observer::{Event, Observer as _};
use crate::settings::keys::Key;
use crate::settings::{self, Account, Accounts, ApiSettings, Files, Flags, Layers, stored_credential};

/// Arguments of `scangate auth`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Say which credentials a run would use, without using or showing them
    Status(Box<Status>),
}

/// Arguments of `scangate auth status`.
#[derive(clap::Args)]
#[command(
    after_help = "Nothing is sent, no command is run and no file of a token is read. Exit codes: 0 there is a credential for every platform that is \
                  asked for; 3 there is none, or the store cannot be read; 2 usage."
)]
struct Status {
    /// The form of what is printed
    #[arg(long, value_name = "text|json", default_value = "text", hide_possible_values = true)]
    format: Format,

    #[command(flatten)]
    flags: SettingsFlags<OfAStatus>,
}

/// The settings of how a platform is reached.
struct OfAStatus;

impl Selection for OfAStatus {
    fn includes(key: &Key) -> bool {
        ApiSettings::includes(key) && key.name != "timeout"
    }

    fn help(key: &'static Key) -> &'static str {
        match key.name {
            "platform" => "Whose credential [default: those of the file of settings, else all platforms]; repeatable",
            _ => key.help,
        }
    }
}

impl Arguments {
    /// The settings on the command line.
    pub(super) fn flags(&self) -> &Flags {
        let Command::Status(status) = &self.command;
        &status.flags.given
    }
}

/// What is known of the credential of one entry.
#[derive(Default)]
struct Facts {
    /// Where it comes from; `None` where there is none.
    source: Option<String>,
    /// For whom it is.
    account: Option<String>,
    /// Where it is used.
    host: String,
    /// When it ends.
    ends: Option<String>,
    /// Whether a new one is got without anybody's doing.
    is_renewed: bool,
    /// Other places that hold one.
    passed_over: Vec<String>,
    /// Why it cannot be used.
    problem: Option<String>,
}

/// Runs the command.
pub(super) fn run(
    arguments: &Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let Command::Status(status) = &arguments.command;
    let files = files?;
    let layers = Layers::new(&status.flags.given, &context.environment).with_files(&files);
    let Accounts { accounts, is_asked } = Accounts::resolve(&layers)?;
    for account in &accounts {
        for warning in account.warnings.iter().cloned().chain(account.connection.close_store()) {
            context.printer.event(&Event::Warning(warning));
        }
    }
    let known: Vec<(&Account, Facts)> = accounts.iter().map(|account| (account, facts(account, context))).collect();
    let failed = |cause: io::Error| Error::Delivery { path: "the status".to_owned(), cause: cause.to_string() };
    let printed = match status.format {
        Format::Json => context.printer.json_document(as_json(&known)),
        Format::Text => context.printer.document(&as_text(&known), Stream::Output),
    };
    printed.map_err(failed)?;
    let has_one = |(_, facts): &(&Account, Facts)| facts.source.is_some();
    let is_complete = if is_asked { known.iter().all(has_one) } else { known.iter().any(has_one) };
    let has_problem = known.iter().any(|(_, facts)| facts.problem.is_some());
    let class = match (has_problem, is_complete) {
        (true, _) => Class::Auth,
        (false, true) => Class::Passed,
        (false, false) => Class::NoCredentials,
    };
    Ok(class.exit_code())
}

/// Looks at the places in their order, and into none that a run has to be started for.
fn facts(account: &Account, context: &Context) -> Facts {
    let connection = &account.connection;
    let vendors = connection.platform.about().hosts;
    let chosen = connection.hosts();
    let mut facts = Facts { passed_over: account.passed_over.clone(), host: chosen.shown(vendors), ..Facts::default() };
    if let Some(form) = &connection.credential {
        facts.source = Some(form.origin());
        if let Some(Source { kind: SourceKind::Value(part), .. }) = form.required().next() {
            facts.know(part, matches!(form, Form::Login { .. }));
        }
        let stored = connection.store.as_ref().filter(|store| store.load(&context.redactor).ok().flatten().is_some());
        facts.passed_over.extend(stored.map(|store| format!("the login in {}", store.shown())));
        return facts;
    }
    let Some(store) = &connection.store else { return facts };
    match stored_credential(connection.platform, store, &chosen, &context.redactor) {
        Ok(None) => {}
        Ok(Some(credential)) => {
            facts.source = Some(credential.origin);
            if let Some(StoredLogin { form, expires, hosts }) = credential.stored.map(|stored| stored.login) {
                form.required().take(1).for_each(|part| facts.know(part, matches!(form, Form::Login { .. })));
                facts.ends = expires.map(|ends| ends.to_string()).or(facts.ends);
                facts.is_renewed = matches!(form, Form::Tokens { refresh: Some(_), .. });
                facts.host = hosts.with(chosen).shown(vendors);
            }
        }
        Err(error) => facts.problem = Some(error.to_string()),
    }
    facts
}

impl Facts {
    /// Takes what the first part of a credential says: a user name itself, a token perhaps.
    fn know(&mut self, part: &Secret, is_user_name: bool) {
        if is_user_name {
            self.account = Some(part.expose().to_owned());
            return;
        }
        let Claims { account, ends } = Claims::of(part);
        self.account = account;
        self.ends = ends.map(|ends| ends.to_string());
    }
}

fn as_json(known: &[(&Account, Facts)]) -> Value {
    let entry = |(account, facts): &(&Account, Facts)| {
        json!({
            "name": account.name,
            "platform": account.connection.platform.as_str(),
            "source": facts.source,
            "account": facts.account,
            "host": facts.host,
            "ends": facts.ends,
            "renewed": facts.is_renewed,
            "passed_over": facts.passed_over,
            "problem": facts.problem,
        })
    };
    json!({ "version": 1, "accounts": known.iter().map(entry).collect::<Vec<Value>>() })
}

fn as_text(known: &[(&Account, Facts)]) -> String {
    let mut text = String::new();
    for (account, facts) in known {
        let name = &account.name;
        let mut lines = match (&facts.source, &facts.problem) {
            (Some(source), _) => vec![format!("{name}: {source}, for {}", facts.host)],
            (None, Some(problem)) => vec![format!("{name}: {problem}")],
            (None, None) => vec![format!("{name}: no credentials")],
        };
        lines.extend(facts.account.as_ref().map(|account| format!("  who: {account}")));
        let renewed = if facts.is_renewed { ", and is renewed by itself" } else { "" };
        lines.extend(facts.ends.as_ref().map(|ends| format!("  ends: {ends}{renewed}")));
        lines.extend(facts.passed_over.iter().map(|origin| format!("  passed over: {origin}")));
        for line in lines {
            text.push_str(&neutral::line(&line));
            text.push('\n');
        }
    }
    text
}
