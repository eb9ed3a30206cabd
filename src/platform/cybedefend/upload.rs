//! The archive's way into object storage, by a signed address (contract 3.1, step 2). The address is a credential of its own: it
//! is never shown, and the token that is good for the API never goes there.

use std::path::Path;
use std::time::Duration;

use url::{Position, Url};

use crate::credentials::Secret;
use crate::error::Class;
use crate::http::{Call, Client, Reply, is_loopback};
use crate::platform::Error;
use crate::platform::text::{bounded, one_line};

/// The largest archive that the signature covers, in bytes: 5 GiB.
const LARGEST_ARCHIVE: u64 = 5_368_709_120;

/// What came of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// The archive is there.
    Stored,
    /// The address had expired before anything was stored.
    Expired,
}

/// A signed address. It has no `Debug` and no `Display`.
pub(super) struct SignedUrl {
    url: Url,
    /// How long it is good for, where it says so.
    lifetime: Option<Duration>,
    /// When it came, on the monotonic clock.
    received: Duration,
}

/// Refuses an archive that the storage would refuse after an hour of upload.
pub(super) fn check_length(length: u64) -> Result<(), Error> {
    if length <= LARGEST_ARCHIVE {
        return Ok(());
    }
    Err(Error::Setting {
        message: format!("the archive has {length} bytes, and CybeDefend takes no more than {LARGEST_ARCHIVE}"),
        hint: "leave out what need not be scanned with a .scangateignore, or scan a folder with --dir".to_owned(),
    })
}

impl SignedUrl {
    /// Reads an address that the API at `api` gave, and makes the redactor know its secrets.
    pub(super) fn parse(text: &str, api: &Url, client: &Client) -> Result<Self, Error> {
        let malformed =
            |why: &str| Error::Protocol { message: format!("the upload address that CybeDefend gave {why}") };
        // As it came, whatever comes of reading it, and from the path on: the origin may be the API's, which messages name.
        if let Some(secret) = text.splitn(4, '/').nth(3).and_then(Secret::new) {
            client.redactor().learn(&secret);
        }
        let url = Url::parse(text).map_err(|cause| malformed(&format!("is no URL: {cause}")))?;
        for secret in secrets(&url) {
            client.redactor().learn(&secret);
        }
        let local = is_loopback(&url) && is_loopback(api);
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            _ => return Err(malformed("is not an https URL")),
        }
        Ok(Self { lifetime: lifetime(&url), received: client.clock().monotonic(), url })
    }

    /// The headers that Google's storage signed along with the address; other storage has none. The vendor's client knows such an
    /// address by the host's name anywhere in it; behind a name of one's own, the address lists what was signed (contract 10,
    /// point 2).
    fn signed_headers(&self) -> &'static [(&'static str, &'static str)] {
        let mut query = self.url.query_pairs();
        let lists_them =
            query.any(|(name, value)| name.eq_ignore_ascii_case("X-Goog-SignedHeaders") && value.contains("x-goog-"));
        if lists_them || self.url.as_str().contains("storage.googleapis.com") {
            &[("x-goog-if-generation-match", "0"), ("x-goog-content-length-range", "0,5368709120")]
        } else {
            &[]
        }
    }

    fn has_expired(&self, now: Duration) -> bool {
        self.lifetime.is_some_and(|lifetime| now.saturating_sub(self.received) >= lifetime)
    }
}

/// Puts the archive there. `client` has no credential; the address is one.
pub(super) async fn put(client: &Client, to: &SignedUrl, path: &Path, length: u64) -> Result<Upload, Error> {
    let mut call = Call::put_file(to.url.clone(), path.to_owned(), length)
        .header("content-type", "application/zip")
        .expect_status(400)
        .expect_status(403)
        .expect_status(412);
    for (name, value) in to.signed_headers() {
        call = call.header(name, *value);
    }
    let reply = client.send(call).await?;
    let body = String::from_utf8_lossy(&reply.body);
    match judge(reply.status, &body, reply.repeated, to.has_expired(client.clock().monotonic())) {
        Verdict::Stored => Ok(Upload::Stored),
        Verdict::Expired => Ok(Upload::Expired),
        verdict => Err(refusal(verdict, &reply, &client.redactor().clean(&storage_words(&body)))),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Stored,
    Expired,
    /// Expired, after an attempt that may have arrived whole.
    Uncertain,
    /// Something was there before us.
    Occupied,
    Refused,
}

/// What the storage's answer means. `repeated` is whether an earlier attempt of ours may have been carried out.
///
/// Google's storage answers 412 when there is an object already. After an attempt of ours that may have arrived, that object is
/// our archive. On a first attempt it is somebody else's, for this scan's address was made a moment ago: what is scanned then
/// is not what we meant, so it is an error.
fn judge(status: u16, body: &str, repeated: bool, past_lifetime: bool) -> Verdict {
    let expired = past_lifetime || body.to_ascii_lowercase().contains("expired");
    match status {
        200..300 => Verdict::Stored,
        412 if repeated => Verdict::Stored,
        412 => Verdict::Occupied,
        400 | 403 if expired && repeated => Verdict::Uncertain,
        400 | 403 if expired => Verdict::Expired,
        _ => Verdict::Refused,
    }
}

fn refusal(verdict: Verdict, reply: &Reply, words: &str) -> Error {
    let refused =
        |class, message: String, hint: &str| Error::Refused { class, message, hint: hint.to_owned(), source: None };
    match verdict {
        Verdict::Uncertain => refused(
            Class::Unavailable,
            "the upload was cut off, and its signed address then expired: the archive may or may not have arrived"
                .to_owned(),
            "run the job again, or pick this scan up with `scangate wait`",
        ),
        Verdict::Occupied => Error::Protocol {
            message: "the storage already holds an archive for this new scan, and this run did not put it there"
                .to_owned(),
        },
        _ => refused(
            if reply.status == 400 { Class::Usage } else { Class::Auth },
            format!("the storage refused the archive with status {}{words}", reply.status),
            "check that no proxy changes headers or bodies of uploads, and that this machine's clock is right",
        ),
    }
}

/// The code and message of a storage error, which is XML (contract 7, shape E). The rest of it may repeat what was signed.
fn storage_words(body: &str) -> String {
    let element = |open: &str, close: &str| {
        let (_, rest) = body.split_once(open)?;
        let (text, _) = rest.split_once(close)?;
        Some(bounded(&one_line(text), 200))
    };
    let words = [element("<Code>", "</Code>"), element("<Message>", "</Message>")];
    words.into_iter().flatten().fold(String::new(), |all, words| all + ": " + &words)
}

/// The query as a whole and each of its longer values, as written and decoded: a server may repeat any of them.
fn secrets(url: &Url) -> Vec<Secret> {
    let raw = url.query().unwrap_or_default();
    let values = raw.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
    // The path may hold a secret too.
    let path = url[Position::BeforePath..].to_owned();
    let long = values.chain(decoded).chain([path]).filter(|value| value.len() >= 20);
    [raw.to_owned()].into_iter().chain(long).filter_map(|text| Secret::new(&text)).collect()
}

/// The lifetime that Google's and Amazon's signatures state, in seconds.
fn lifetime(url: &Url) -> Option<Duration> {
    let stated = url
        .query_pairs()
        .find(|(name, _)| ["X-Goog-Expires", "X-Amz-Expires"].iter().any(|known| name.eq_ignore_ascii_case(known)))?;
    stated.1.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::http::{Options, Redactor};

    const GOOGLE_EXPIRED: &str =
        "<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message></Error>";
    const AMAZON_EXPIRED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    const WRONG_SIGNATURE: &str = "<Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message><StringToSign>PUT secret</StringToSign></Error>";

    fn signed(text: &str) -> SignedUrl {
        let url = Url::parse(text).unwrap();
        SignedUrl { lifetime: lifetime(&url), received: Duration::from_secs(100), url }
    }

    #[test]
    fn a_repeat_that_finds_the_object_there_has_succeeded_and_a_first_attempt_has_not() {
        assert_eq!(judge(412, "", true, false), Verdict::Stored);
        assert_eq!(judge(412, "", false, false), Verdict::Occupied);
        assert_eq!(judge(204, "", false, false), Verdict::Stored);
    }

    #[test]
    fn an_expired_address_is_told_from_a_refused_one() {
        for (status, body) in [(400, GOOGLE_EXPIRED), (403, AMAZON_EXPIRED)] {
            assert_eq!(judge(status, body, false, false), Verdict::Expired, "{body}");
            assert_eq!(judge(status, body, true, false), Verdict::Uncertain, "{body}");
        }
        assert_eq!(judge(403, WRONG_SIGNATURE, false, false), Verdict::Refused);
        assert_eq!(judge(403, "", false, true), Verdict::Expired);
    }

    #[test]
    fn an_address_expires_when_it_says_so() {
        let google = signed("https://storage.googleapis.com/b/o?X-Goog-Expires=900&X-Goog-Signature=00");
        assert!(!google.has_expired(Duration::from_secs(999)));
        assert!(google.has_expired(Duration::from_secs(1000)));
        assert!(!signed("https://s3.example.com/o?X-Amz-Signature=00").has_expired(Duration::MAX));
    }

    #[test]
    fn googles_headers_go_wherever_they_were_signed_and_nowhere_else() {
        for google in [
            "https://storage.googleapis.com/b/o?X-Goog-Signature=00",
            "https://bucket.storage.googleapis.com/o",
            "http://127.0.0.1:9000/storage.googleapis.com/b/o",
            "https://files.example.com/o?X-Goog-SignedHeaders=content-type%3Bhost%3Bx-goog-if-generation-match",
        ] {
            assert_eq!(signed(google).signed_headers().len(), 2, "{google}");
        }
        for other in
            ["https://s3.example.com/b/o?X-Amz-SignedHeaders=content-type%3Bhost", "https://files.example.com/o"]
        {
            assert!(signed(other).signed_headers().is_empty(), "{other}");
        }
    }

    #[test]
    fn a_refusal_repeats_code_and_message_and_nothing_that_was_signed() {
        let words = storage_words(WRONG_SIGNATURE);
        assert_eq!(words, ": SignatureDoesNotMatch: no match");
        assert_eq!(storage_words("<html>proxy</html>"), "");
    }

    #[test]
    fn what_stands_behind_the_origin_is_secret_and_so_are_long_values_alone() {
        let url =
            Url::parse("https://s3.example.com/o?X-Amz-Expires=900&X-Amz-Signature=0123456789abcdef0123%2B").unwrap();
        let secrets: Vec<String> = secrets(&url).iter().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(secrets[0], url.query().unwrap());
        assert!(secrets.contains(&"0123456789abcdef0123%2B".to_owned()));
        assert!(secrets.contains(&"0123456789abcdef0123+".to_owned()));
        assert_eq!(secrets[3], url[Position::BeforePath..]);
        assert_eq!(secrets.len(), 4);
    }

    #[test]
    fn an_address_is_kept_out_of_texts_as_it_came_even_where_it_is_none_and_the_apis_own_stays() {
        let redactor = Redactor::default();
        let client = Client::new(&Options::default(), Clock::system(), Duration::MAX, redactor.clone()).unwrap();
        let api = Url::parse("https://api.example.com").unwrap();
        let signed = "https://api.example.com:none/o p/archive?X-Goog-Signature=0123";
        assert!(SignedUrl::parse(signed, &api, &client).is_err());
        assert!(!redactor.clean(signed).contains("archive"));
        assert_eq!(
            redactor.clean("the instance at https://api.example.com"),
            "the instance at https://api.example.com"
        );
    }

    #[test]
    fn an_archive_beyond_the_signed_range_is_refused_before_a_scan_is_started() {
        assert!(check_length(LARGEST_ARCHIVE).is_ok());
        assert_eq!(check_length(LARGEST_ARCHIVE + 1).unwrap_err().class(), Class::Usage);
    }
}
