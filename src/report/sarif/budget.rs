//! How large the log is once it is compressed, counted before it is written.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::report::json_layout;

/// Counts compressed bytes, at the level that gzip has by default and GitHub's own uploader uses.
pub(super) struct Budget {
    encoder: GzEncoder<Count>,
    limit: u64,
}

impl Budget {
    /// Kept back for what the compressor has taken and not yet put out, and for everything in the log but results and rules.
    const RESERVE: u64 = 512 * 1024;

    /// A budget of `limit` compressed bytes for the whole log.
    pub(super) fn new(limit: u64) -> Self {
        let limit = limit.saturating_sub(Self::RESERVE);
        Self { encoder: GzEncoder::new(Count(0), Compression::default()), limit }
    }

    /// Compressed bytes so far.
    pub(super) fn spent(&self) -> u64 {
        self.encoder.get_ref().0
    }

    /// Compressed bytes that are left.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent())
    }

    /// Counts `value` as it will be written.
    pub(super) fn charge(&mut self, value: &impl Serialize) -> io::Result<()> {
        json_layout::write(value, 0, &mut self.encoder)
    }
}

struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
