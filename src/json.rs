//! JSON from wherever it comes, through one kind of reader: `serde_json`'s parser is compiled anew for each kind.

use std::io::{BufReader, Read};

use serde::de::DeserializeOwned;
use serde_json::Error;
use serde_json::de::{Deserializer, IoRead};

/// Reads JSON.
pub type Reader<'a> = Deserializer<IoRead<BufReader<&'a mut dyn Read>>>;

/// A reader of what comes from `source`. `serde_json` asks for single bytes; a buffer makes those cheap.
pub fn reader(source: &mut dyn Read) -> Reader<'_> {
    Deserializer::from_reader(BufReader::with_capacity(32 << 10, source))
}

/// Reads a document, behind which nothing may follow.
///
/// # Errors
/// What is wrong with it, and where; or what went wrong while it was read.
pub fn read<T: DeserializeOwned>(source: &mut dyn Read) -> Result<T, Error> {
    let mut reader = reader(source);
    let document = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

/// Reads a document from these bytes.
///
/// # Errors
/// As for [`read`].
pub fn from_bytes<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<T, Error> {
    read(&mut bytes)
}
