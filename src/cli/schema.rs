//! `scangate schema`.

use super::Context;
use super::output::Stream;
use crate::error::{Class, Error};
use crate::settings::schema;

/// Prints the JSON schema of a file of settings.
pub(super) fn run(context: &Context) -> Result<u8, Error> {
    let failed = |cause: std::io::Error| Error::Delivery { path: "the schema".to_owned(), cause: cause.to_string() };
    context.printer.document(&schema(), Stream::Output).map_err(failed)?;
    Ok(Class::Passed.exit_code())
}
