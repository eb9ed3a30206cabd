//! The query of a request, for dialects whose parameters stand alone.

use url::form_urlencoded;

/// The last value of a parameter; empty is absent.
pub(super) fn value(raw: Option<&str>, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
    let values = pairs.filter(|(key, value)| key == name && !value.is_empty());
    values.last().map(|(_, value)| value.into_owned())
}
