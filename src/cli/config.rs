//! `scangate config show`.

use std::io;

use serde_json::{Map, Value, json};

use super::flags::SettingsFlags;
use super::output::Format;
use super::{Context, scan};
use crate::error::{Class, Error};
use crate::scan::observer::{Event, Observer as _};
use crate::settings::{self, Files, Flags, Given, Layers, Origin, ScanSettings, Shown, ShownSettings, Verbosity};

/// The version of the JSON document. It is raised when a field goes or changes its meaning, not when one is added.
const VERSION: u32 = 1;

/// The columns that values get before their origins are pushed to the right.
const WIDEST: usize = 40;

/// Arguments of `scangate config`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print every setting with its value and its origin, and with -v what is passed over; never a credential
    Show(Box<Show>),
}

/// Arguments of `scangate config show`.
#[derive(clap::Args)]
struct Show {
    /// The form of what is printed
    #[arg(long, value_name = "text|json", default_value = "text", hide_possible_values = true)]
    format: Format,

    #[command(flatten)]
    flags: SettingsFlags<scan::All>,
}

impl Arguments {
    /// The settings on the command line.
    pub(super) fn flags(&self) -> &Flags {
        let What::Show(show) = &self.what;
        &show.flags.given
    }
}

/// Prints the settings. What is wrong with them comes last, with the exit code that a scan would have; where a file cannot be read
/// or a credential stands in the wrong place, nothing else is shown.
pub(super) fn run(arguments: Arguments, files: Result<Files, settings::Error>, context: &Context) -> Result<u8, Error> {
    let What::Show(show) = arguments.what;
    let mut files = files?;
    let policy = scan::policy(&mut files, &show.flags.given, context)?;
    scan::say(&policy, context);
    let layers = Layers::new(&show.flags.given, &context.environment).with_files(&files);
    let shown = ShownSettings::of(&layers)?;
    let resolved = ScanSettings::resolve(&layers);
    for warning in resolved.iter().flat_map(|settings| &settings.warnings) {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    let printed = match show.format {
        Format::Json => print_json(&shown, resolved.as_ref().err(), context),
        Format::Text => print_text(&shown, context),
    };
    printed.map_err(|cause| Error::Delivery { path: "the settings".to_owned(), cause: cause.to_string() })?;
    resolved?;
    Ok(Class::Passed.exit_code())
}

fn print_text(shown: &ShownSettings, context: &Context) -> io::Result<()> {
    let is_whole = context.printer.verbosity() >= Verbosity::Debug;
    let mut rows = Vec::new();
    add_rows(&mut rows, &shown.run, is_whole);
    for entry in &shown.entries {
        if shown.entries.len() > 1 {
            rows.push([String::new(), String::new(), String::new()]);
            rows.push([format!("{}:", entry.name), entry.platform.as_str().to_owned(), String::new()]);
            add_rows(&mut rows, &entry.settings, is_whole);
        }
        let passed_over = entry.credentials_passed_over.iter().filter(|_| is_whole);
        let passed_over = passed_over.map(|origin| format!("passed over: {origin}"));
        let mut origins: Vec<String> = entry.credential.iter().cloned().chain(passed_over).collect();
        if entry.credential.is_empty() {
            origins.insert(0, "not set".to_owned());
        }
        for (at, origin) in origins.into_iter().enumerate() {
            rows.push([if at == 0 { "credential".to_owned() } else { String::new() }, String::new(), origin]);
        }
    }
    let width = |column: usize, most: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count());
        widths.filter(|width| *width <= most).max().unwrap_or_default()
    };
    let (first, second) = (width(0, usize::MAX), width(1, WIDEST));
    for [name, value, origin] in &rows {
        context.printer.line(format!("{name:<first$}  {value:<second$}  {origin}").trim_end())?;
    }
    Ok(())
}

fn add_rows(rows: &mut Vec<[String; 3]>, settings: &[Shown], is_whole: bool) {
    for setting in settings {
        let passed_over = setting.passed_over.iter().filter(|_| is_whole);
        let mut given: Vec<[String; 2]> = setting.heeded.iter().map(|given| row(given, "")).collect();
        if given.is_empty() {
            given.push(["-".to_owned(), "not set".to_owned()]);
        }
        given.extend(passed_over.map(|given| row(given, "passed over: ")));
        for (at, [value, origin]) in given.into_iter().enumerate() {
            rows.push([if at == 0 { setting.name.to_owned() } else { String::new() }, value, origin]);
        }
    }
}

fn row(given: &Given, remark: &str) -> [String; 2] {
    let value = given.value.clone().unwrap_or_else(|| format!("({})", given.remark));
    let origin = given.origin.as_ref().map_or_else(|| "default".to_owned(), Origin::to_string);
    [settings::value::escaped(&value), format!("{remark}{origin}")]
}

fn print_json(shown: &ShownSettings, problem: Option<&settings::Error>, context: &Context) -> io::Result<()> {
    let mut settings: Vec<Value> = shown.run.iter().map(|shown| setting(None, shown)).collect();
    for entry in &shown.entries {
        settings.extend(entry.settings.iter().map(|shown| setting(Some(&entry.name), shown)));
    }
    let credentials = shown.entries.iter().map(|entry| {
        json!({
            "entry": entry.name,
            "platform": entry.platform.as_str(),
            "origins": entry.credential,
            "passed_over": entry.credentials_passed_over,
        })
    });
    let problem = problem.map(|error| json!({ "message": error.to_string(), "hint": error.hint() }));
    let document = json!({
        "version": VERSION,
        "settings": settings,
        "credentials": credentials.collect::<Vec<_>>(),
        "problem": problem,
    });
    context.printer.json_document(document)
}

fn setting(entry: Option<&str>, shown: &Shown) -> Value {
    let given = |given: &[Given]| given.iter().map(given_json).collect::<Vec<_>>();
    json!({ "entry": entry, "name": shown.name, "values": given(&shown.heeded), "passed_over": given(&shown.passed_over) })
}

fn given_json(given: &Given) -> Value {
    let mut origin = Map::new();
    let kind = match &given.origin {
        None => "default",
        Some(Origin::Flag(_)) => "flag",
        Some(Origin::Input(_)) => "input",
        Some(Origin::Variable(_)) => "variable",
        Some(Origin::File(_)) => "file",
    };
    origin.insert("kind".to_owned(), kind.into());
    match &given.origin {
        None => {}
        Some(Origin::Flag(name) | Origin::Input(name)) => drop(origin.insert("name".to_owned(), (*name).into())),
        Some(Origin::Variable(name)) => drop(origin.insert("name".to_owned(), name.as_str().into())),
        Some(Origin::File(place)) => {
            let (file, line, key) = place.parts();
            origin.insert("name".to_owned(), key.into());
            origin.insert("file".to_owned(), file.into());
            origin.insert("line".to_owned(), line.into());
        }
    }
    let mut json = json!({ "value": given.value, "origin": origin });
    if let (Some(fields), false) = (json.as_object_mut(), given.remark.is_empty()) {
        fields.insert("remark".to_owned(), given.remark.into());
    }
    json
}
