//! `scangate api`: one call of a platform's API, with the credentials, renewals, retries and redaction of a scan.

mod answer;
mod body;
mod fields;

use std::path::PathBuf;

use self::answer::{Destination, check, include};
use self::body::Content;
use super::flags::{Selection, SettingsFlags};
use super::{Context, signals};
use crate::error::{Class, Error};
use crate::http::{Call, Client, Method};
use crate::platform::CallPath;
use crate::scan::observer::{Event, Observer as _};
use crate::settings::keys::Key;
use crate::settings::{self, ApiSettings, Files, Layers};

/// Arguments of `scangate api`.
#[derive(clap::Args)]
#[command(
    after_help = "The answer's body goes to standard output, redacted and otherwise as it came; so does that of a refusal. On GitHub, whose runner \
                  reads standard output for commands, --output is a must.\n\
                  Exit codes: 0 for 2xx; 2 for 400, 404, 409, 410, 413, 422; 3 for 401 to 403; 4 for 408, 429, 5xx and a network that fails; \
                  5 deadline; 7 a page for people, or cut JSON; 8 output not written.\n\
                  docs/api.md has recipes."
)]
pub(super) struct Arguments {
    /// GET, HEAD, POST, PUT, PATCH or DELETE; all but GET and HEAD are not repeated if they may have been carried out
    #[arg(value_parser = method)]
    method: Method,

    /// What stands behind the platform's base address (--api-url), from its `/` on, such as /sites?page=2
    path: String,

    #[command(flatten)]
    content: Content,

    /// Where the body is written, for its owner only [default: standard output]
    #[arg(long, short, value_name = "FILE", help_heading = "Answer")]
    output: Option<PathBuf>,

    /// Also show the status and some headers, on standard error
    #[arg(long, short, help_heading = "Answer")]
    include: bool,

    /// The type of answer that is asked for; any is then taken [default: application/json, and no page for people is taken]
    #[arg(long, value_name = "TYPE", help_heading = "Answer", value_parser = media_type)]
    accept: Option<String>,

    #[command(flatten)]
    pub(super) flags: SettingsFlags<OfACall>,
}

/// The settings of how a platform is reached.
pub(super) struct OfACall;

impl Selection for OfACall {
    fn includes(key: &Key) -> bool {
        ApiSettings::includes(key)
    }

    fn help(key: &'static Key) -> &'static str {
        match key.name {
            "platform" => "Whose API is called: cybedefend, cybrium, cyberorigen or bestdefense",
            "timeout" => "The deadline of the call, its repetitions included, such as 30s or 10m [default: 5m]",
            _ => key.help,
        }
    }
}

fn method(word: &str) -> Result<Method, String> {
    let known = || Method::ALL.map(Method::as_str).join(", ");
    Method::parse(word).ok_or_else(|| format!("use one of {}", known()))
}

/// A value for `accept` or `content-type` (RFC 9110 section 8.3.1), or several of them.
fn media_type(text: &str) -> Result<String, String> {
    let is_plain = text.contains('/') && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_plain { Ok(text.to_owned()) } else { Err("use a type such as application/json".to_owned()) }
}

/// Runs the command. What is wrong with the call, or keeps its answer from being written, is found before a credential is read.
pub(super) async fn run(
    arguments: Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let files = files?;
    let layers = Layers::new(&arguments.flags.given, &context.environment).with_files(&files);
    let settings = ApiSettings::resolve(&layers)?;
    let mut path = CallPath::parse(&arguments.path, settings.connection.platform.about())?;
    if arguments.content.reads_standard_input() && settings.connection.reads_standard_input() {
        let error = settings::Error::new("both --data and --pat want standard input");
        return Err(error.with_hint("give one of them from a file, with --data @FILE or --token-file").into());
    }
    let (body, query) = arguments.content.read(arguments.method)?;
    path.add_query(query);
    let destination = Destination::of(arguments.output, arguments.method, &context.environment)?;
    for warning in settings.warnings.iter().cloned().chain(settings.connection.close_store()) {
        context.printer.event(&Event::Warning(warning));
    }

    let deadline = context.clock.monotonic().saturating_add(settings.timeout);
    let client = Client::new(&settings.http, context.clock.clone(), deadline, context.redactor.clone())?;
    let (method, accept) = (arguments.method, arguments.accept);
    let sent = async {
        let platform = settings.connection.platform;
        let credential = settings.connection.read_credential(&context.clock, deadline, &context.redactor).await?;
        let request = settings.connection.request(credential);
        let connection = platform.connect(client, &request).await?;
        for note in &connection.notes {
            context.printer.event(&Event::Note(note.clone()));
        }
        let url = path.below(&connection.base)?;
        let call = Call::new(method, url, body, method.replay()).keep_refusal();
        let call = match &accept {
            Some(accept) => call.header("accept", accept),
            None => call.accept_json(),
        };
        let outcome = connection.session.send(call).await;
        Ok::<_, Error>(outcome)
    };
    let outcome = tokio::select! {
        outcome = sent => outcome?,
        signal = signals::interrupted() => return Err(Error::Interrupted(signal)),
    };

    let reply = outcome.as_ref().ok().or_else(|| outcome.as_ref().err()?.refusal());
    if let Some(reply) = reply.filter(|_| arguments.include) {
        include(reply, &context.printer);
    }
    match &outcome {
        Ok(reply) => {
            if accept.is_none() {
                check(reply)?;
            }
            destination.write(&reply.body, context)?;
            Ok(Class::Passed.exit_code())
        }
        Err(error) => {
            // The refusal decides how the call ends, whether or not what it says can be written.
            let written = error.refusal().map(|reply| destination.write(&reply.body, context));
            if let Some(Err(failed)) = written {
                context.printer.event(&Event::Warning(failed.to_string()));
            }
            Err(error.clone().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_known_in_any_case_and_another_word_is_told_the_known_ones() {
        assert_eq!(method("delete"), Ok(Method::Delete));
        assert_eq!(method("TRACE").unwrap_err(), "use one of GET, HEAD, POST, PUT, PATCH, DELETE");
    }

    #[test]
    fn a_media_type_cannot_end_its_header() {
        assert!(media_type("application/json, text/*;q=0.5").is_ok());
        for wrong in ["json", "", "a/b\r\nx: y", "a/b\n", "ä/b", "a/b\t"] {
            assert!(media_type(wrong).is_err(), "{wrong:?}");
        }
    }
}
