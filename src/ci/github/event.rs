//! The event file: the webhook payload that started the run, as far as it is needed.
//!
//! Anybody who can open a pull request can write parts of it. It is read within bounds, and nothing in it is used as a path.

use std::path::Path;

use serde::Deserialize;

use crate::{json, regular_file};

/// The most that is read, in bytes. GitHub caps payloads at 25 MB
/// (docs.github.com, "Webhook events and payloads", "Payload cap").
const LARGEST: u64 = 32 << 20;

/// What a payload says of commits and branches. Everything else in it is passed over.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event {
    /// Of the events `pull_request*`.
    pub(super) pull_request: Option<PullRequest>,
    /// Of the event `merge_group`.
    pub(super) merge_group: Option<MergeGroup>,
}

/// A pull request.
#[derive(Debug, Deserialize)]
pub(super) struct PullRequest {
    /// Its number in the repository.
    pub(super) number: u64,
    /// What is to be merged.
    pub(super) head: Side,
    /// What it is to be merged into.
    pub(super) base: Side,
}

/// One side of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct Side {
    /// The branch, without `refs/heads/`.
    #[serde(rename = "ref")]
    pub(super) branch: String,
    /// The commit.
    pub(super) sha: String,
    /// Its repository; `null` where a fork was deleted since.
    pub(super) repo: Option<Repository>,
}

/// A repository.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Repository {
    /// Its number at GitHub, which outlives every renaming.
    pub(super) id: u64,
}

/// Pull requests that a merge queue has put together.
#[derive(Debug, Deserialize)]
pub(super) struct MergeGroup {
    /// The commit to be checked.
    pub(super) head_sha: String,
    /// The whole name of its ref.
    pub(super) head_ref: String,
    /// The commit that it is to be merged onto, with what is before it in the queue.
    #[serde(default)]
    pub(super) base_sha: String,
    /// The whole name of the target's ref.
    #[serde(default)]
    pub(super) base_ref: String,
}

impl PullRequest {
    /// Whether its head lies in another repository than its base, or in one that is no more.
    pub(super) fn is_from_fork(&self) -> bool {
        self.head.repo.is_none() || self.head.repo != self.base.repo
    }
}

/// Reads the payload.
///
/// # Errors
/// Why it cannot be used, in words that hold none of its text.
pub(super) fn read(path: &Path) -> Result<Event, String> {
    let bytes = regular_file::read(path, LARGEST)?;
    let not_understood = |error: serde_json::Error| {
        format!("it is not the JSON that GitHub writes (line {}, column {})", error.line(), error.column())
    };
    json::from_bytes(&bytes).map_err(not_understood)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: impl AsRef<[u8]>) -> Result<Event, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), content).unwrap();
        read(file.path())
    }

    #[test]
    fn a_payload_of_any_other_event_is_empty_to_us() {
        let event = parse(r#"{"ref": "refs/heads/main", "pusher": {"name": "mona"}}"#).unwrap();
        assert!(event.pull_request.is_none() && event.merge_group.is_none());
    }

    #[test]
    fn what_is_no_payload_is_refused_without_showing_it() {
        let deep = format!("{{\"pull_request\":{}", "[".repeat(100_000));
        let twice = r#"{"merge_group": null, "merge_group": null}"#;
        let wrong_type = r#"{"pull_request": {"number": "::error::hostile"}}"#;
        let null_byte = "\0";
        for content in ["", "hostile", "[]", "{\"pull_request\": 5}", twice, wrong_type, null_byte, deep.as_str()] {
            let error = parse(content).unwrap_err();
            assert!(error.contains("not the JSON") && !error.contains("hostile"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_or_beyond_the_cap_is_refused() {
        assert_eq!(parse(vec![b' '; (32 << 20) + 1]).unwrap_err(), "it is longer than 32 MiB");
        assert!(read(&std::env::temp_dir()).is_err());
    }
}
