//! What becomes of the answer to a call.

use std::path::PathBuf;

use serde::de::IgnoredAny;
use serde_json::Map;

use super::body::is_json;
use crate::ci::Host;
use crate::cli::output::{Level, Printer, Stream};
use crate::cli::{Context, neutral};
use crate::error::Error;
use crate::http::{Method, Reply};
use crate::json;
use crate::platform;
use crate::scan::delivery::PrivateFile;
use crate::settings::{self, Environment};
use crate::sorting::collected;

/// Where the body goes.
pub(super) enum Destination {
    /// Standard output. On a terminal the text loses its effect.
    StandardOutput {
        /// Whether it is a terminal.
        is_terminal: bool,
    },
    /// A file, under a temporary name until then.
    File(Box<PrivateFile>),
}

impl Destination {
    /// Makes sure that the answer can be written, before anything is sent: what a call does cannot be undone.
    pub(super) fn of(output: Option<PathBuf>, method: Method, environment: &Environment) -> Result<Self, Error> {
        if let Some(path) = output {
            return PrivateFile::reserve(path).map(Box::new).map(Self::File);
        }
        if Host::of(environment) == Host::GitHub && method != Method::Head {
            let error = settings::Error::new(
                "on GitHub the answer needs --output, since the runner reads standard output for commands",
            );
            return Err(error.with_hint("give --output FILE, and have the step read the file").into());
        }
        Ok(Self::StandardOutput { is_terminal: environment.terminal().stdout })
    }

    /// Writes the body without secrets, and else as it came.
    pub(super) fn write(self, body: &[u8], context: &Context) -> Result<(), Error> {
        let is_terminal = match self {
            Self::File(file) => return file.write(&context.redactor.clean_bytes(body)),
            Self::StandardOutput { is_terminal } => is_terminal,
        };
        let failed = |cause: String| Error::Delivery { path: "standard output".to_owned(), cause };
        let text = str::from_utf8(body)
            .map_err(|_no_text| failed(format!("its {} bytes are no text; give --output FILE", body.len())))?;
        let text = context.redactor.clean(text);
        let text = if is_terminal { neutral::document(&text) } else { text };
        context.printer.document(&text, Stream::Output).map_err(|cause| failed(cause.to_string()))
    }
}

/// Refuses half a document.
pub(super) fn check(reply: &Reply) -> Result<(), platform::Error> {
    if reply.body.is_empty() || !reply.content_type.as_deref().is_some_and(is_json) {
        return Ok(());
    }
    match json::from_bytes::<IgnoredAny>(&reply.body) {
        Ok(_) => Ok(()),
        Err(cause) => Err(platform::Error::Protocol {
            message: format!(
                "the platform answered {} with what it calls JSON and is none: {cause}; --accept '*/*' shows it as it is",
                reply.status
            ),
        }),
    }
}

/// Shows the status and the headers that can be shown.
pub(super) fn include(reply: &Reply, printer: &Printer) {
    let status = collected([("status".to_owned(), reply.status.into())]);
    printer.say(Level::Info, &format!("HTTP {}", reply.status), status);
    for (name, value) in &reply.headers {
        // A place to go to may be a signed one.
        let shown = if *name == "location" { value.split(['?', '#']).next().unwrap_or_default() } else { value };
        printer.say(Level::Info, &format!("{name}: {shown}"), Map::new());
    }
}
