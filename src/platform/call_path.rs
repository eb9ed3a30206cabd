//! The path of a single call that somebody typed (`scangate api`): it stays below the platform's base, and leads to no token.

use url::Url;

use super::{About, Error};
use crate::http::same_origin;

/// A path below a platform's base, with its query. It cannot climb, and it is no place where tokens are got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPath {
    path: String,
    query: Option<String>,
}

impl CallPath {
    /// Reads a path as it was typed.
    ///
    /// A server may decode a path more often than once, and take `\` for `/`, so the path is held to what means the same to all of
    /// them: the characters of RFC 3986 section 3.3 without `@`, and escapes that stand for printable ASCII other than `%`, so that
    /// nothing is escaped twice. What it says when decoded has no empty segment but the last, and none of dots.
    ///
    /// # Errors
    /// [`Error::Setting`] that says what is wrong; one that names a place of tokens among them.
    pub fn parse(text: &str, about: &About) -> Result<Self, Error> {
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        check_path(path)?;
        query.map_or(Ok(()), check_query)?;
        let decoded = decoded(path)?;
        check_segments(&decoded)?;
        if let Some(place) = about.token_paths.iter().find(|place| leads_to(&decoded, place)) {
            return Err(refused(
                &format!("leads to {place}, where tokens of {} are got", about.name),
                "scangate gets and renews tokens by itself, and shows none",
            ));
        }
        Ok(Self { path: path.to_owned(), query: query.map(str::to_owned) })
    }

    /// Adds parameters to the query.
    pub fn add_query(&mut self, pairs: impl IntoIterator<Item = (String, String)>) {
        let mut pairs = pairs.into_iter().peekable();
        if pairs.peek().is_none() {
            return;
        }
        let mut query = self.query.take().unwrap_or_default();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
        self.query = Some(query);
    }

    /// The address of the call: the path behind that of `base`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a path that repeats what the base ends with: whoever copied both would ask for what does not exist.
    pub fn below(&self, base: &Url) -> Result<Url, Error> {
        let above = base.path().trim_end_matches('/');
        if !above.is_empty()
            && self.path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return Err(refused(
                &format!("begins with {above}, which the platform's base address ends with"),
                "leave that out",
            ));
        }
        let mut url = base.clone();
        url.set_path(&format!("{above}{}", self.path));
        url.set_query(self.query.as_deref());
        url.set_fragment(None);
        let stays = same_origin(&url, base) && url.path().strip_prefix(above) == Some(&*self.path);
        if stays {
            Ok(url)
        } else {
            Err(refused("does not stay below the platform's base address", "write it plainly"))
        }
    }
}

/// The characters as they were typed.
fn check_path(path: &str) -> Result<(), Error> {
    let way_out = "write it as /sites or /scans/17, with %20 for a space; it is put behind the platform's base address";
    if !path.starts_with('/') {
        return Err(refused("does not begin with `/`", way_out));
    }
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:%".contains(byte);
    match path.bytes().find(|byte| !is_plain(byte)) {
        None => Ok(()),
        Some(b'{' | b'}') => Err(refused("has a placeholder", "put an id in the place of the braces")),
        Some(byte) if byte.is_ascii_graphic() => {
            Err(refused(&format!("has `{}`, which has no place in it", char::from(byte)), way_out))
        }
        Some(_) => Err(refused("has white space, a control character or a letter beyond ASCII", way_out)),
    }
}

fn check_query(query: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\');
    if query.bytes().all(is_plain) {
        return Ok(());
    }
    Err(refused("has a query with `#`, `\\`, white space or what is no ASCII", "percent-encode it, or use --field"))
}

/// What the path says when its escapes are decoded.
fn decoded(path: &str) -> Result<String, Error> {
    let mut decoded = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(char::from(byte));
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match value {
            None => {
                return Err(refused("has a `%` that begins no escape", "write a percent sign in the query, as %25"));
            }
            Some(b'%' | b'\\') => return Err(refused("has an escaped `%` or `\\`", "write it plainly")),
            Some(value @ b' '..=b'~') => decoded.push(char::from(value)),
            Some(_) => {
                return Err(refused("has an escape that is no printable ASCII", "put other text into the query"));
            }
        }
    }
    Ok(decoded)
}

/// No segment may be empty but the last, and none may be of dots, whatever parameters it has behind `;`.
fn check_segments(decoded: &str) -> Result<(), Error> {
    if decoded.contains("//") {
        return Err(refused("has two slashes in a row", "write one"));
    }
    let is_dots = |segment: &str| {
        let name = named(segment);
        !segment.is_empty() && name.chars().all(|character| character == '.')
    };
    if decoded.split('/').any(is_dots) {
        return Err(refused("has a segment without a name, such as `..`", "write the path that it leads to"));
    }
    Ok(())
}

/// A segment up to what servers cut off: parameters, a query or a fragment that was escaped, and spaces.
fn named(segment: &str) -> &str {
    segment.split([';', '?', '#']).next().unwrap_or_default().trim_matches(' ')
}

/// Whether the segments of `place` stand in the path in a row, whatever their case and file extensions.
fn leads_to(decoded: &str, place: &str) -> bool {
    let decoded = decoded.to_ascii_lowercase();
    let stem = |segment| named(segment).split('.').next().unwrap_or_default();
    let segments: Vec<&str> = decoded.split('/').map(stem).collect();
    let place: Vec<&str> = place.split('/').filter(|segment| !segment.is_empty()).collect();
    !place.is_empty() && segments.windows(place.len()).any(|window| window == place)
}

fn refused(problem: &str, way_out: &str) -> Error {
    Error::Setting { message: format!("PATH {problem}"), hint: way_out.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::PlatformId;

    /// Two bases: an origin, and one with a path.
    const BASES: [&str; 2] = ["https://api.example", "https://api.example/api/v1/"];

    fn parse(text: &str) -> Result<CallPath, String> {
        let about = About { token_paths: &["/auth/token", "/oidc/token"], ..*PlatformId::CybeDefend.about() };
        CallPath::parse(text, &about).map_err(|error| error.to_string())
    }

    fn below(base: &str, text: &str) -> String {
        parse(text).unwrap().below(&Url::parse(base).unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_path_is_put_behind_the_base_as_it_is() {
        assert_eq!(below(BASES[0], "/"), "https://api.example/");
        assert_eq!(below(BASES[1], "/controls"), "https://api.example/api/v1/controls");
        assert_eq!(below(BASES[1], "/scans/a%2Fb:c/"), "https://api.example/api/v1/scans/a%2Fb:c/");
        assert_eq!(
            below(BASES[0], "/sites?q=a@b&next=https://x/../%2e%2e"),
            "https://api.example/sites?q=a@b&next=https://x/../%2e%2e"
        );
        assert_eq!(
            below(BASES[0], "/auth/tokens/my-token?x=/auth/token"),
            "https://api.example/auth/tokens/my-token?x=/auth/token"
        );
    }

    #[test]
    fn parameters_are_added_to_those_that_are_there() {
        let mut path = parse("/list?a=1").unwrap();
        path.add_query([]);
        path.add_query([("b c".to_owned(), "d&e=#\n".to_owned())]);
        let url = path.below(&Url::parse(BASES[1]).unwrap()).unwrap();
        assert_eq!(url.as_str(), "https://api.example/api/v1/list?a=1&b+c=d%26e%3D%23%0A");
    }

    #[test]
    fn what_leads_elsewhere_in_any_spelling_is_refused() {
        for wrong in [
            "",
            "sites",
            "//host.example/x",
            "/a//b",
            "/a/%2fb",
            "/a%2f/b",
            "/%2F%2Fhost.example",
            "/\\host.example",
            "/a%5c..%5cb",
            "/a/../b",
            "/..",
            "/a/..;x=1/b",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a%2f..%2fb",
            "/a/%252e%252e/b",
            "/a/%25252e/b",
            "/./a",
            "/a/.",
            "/.../a",
            "/a/%2e",
            "/a/..%20/b",
            "/a/..%3fx/b",
            "/a/..%00/b",
            "/a/..%0d/b",
            "/;x/a",
            "/@host.example",
            "/user:word@host.example/",
            "/a#b",
            "/a b",
            "/a\tb",
            "/a\r\nb",
            "/a\u{0}",
            "/\u{ff0e}\u{ff0e}/a",
            "/%c0%ae%c0%ae/a",
            "/%ef%bc%8e/a",
            "/%u002e%u002e/a",
            "/a%",
            "/a%2",
            "/a%zz",
            "/ä",
            "https://host.example/a",
            "http:/a",
            "/a?b#c",
            "/a?b\\c",
            "/a?b c",
            "/scans/{id}",
            "/a%25b",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_place_of_tokens_is_refused_in_any_spelling() {
        for wrong in [
            "/auth/token",
            "/AUTH/Token",
            "/auth/token/",
            "/auth/token?x=1",
            "/auth/%74oken",
            "/auth%2Ftoken",
            "/x/auth/token",
            "/auth/token.",
            "/auth/token.json",
            "/auth/token;a=b",
            "/auth;a/token",
            "/auth/token%20",
            "/auth/token%3fx",
            "/auth/token%23",
            "/auth/token/revoke",
            "/oidc/token",
            "/OIDC/tok%65n/",
        ] {
            let message = parse(wrong).unwrap_err();
            assert!(message.contains("where tokens of CybeDefend are got"), "{wrong}: {message}");
        }
    }

    #[test]
    fn a_base_that_is_repeated_is_told() {
        let base = Url::parse(BASES[1]).unwrap();
        for repeated in ["/api/v1/controls", "/api/v1"] {
            let error = parse(repeated).unwrap().below(&base).unwrap_err().to_string();
            assert_eq!(error, "PATH begins with /api/v1, which the platform's base address ends with");
        }
        assert_eq!(below(BASES[1], "/api/v10"), "https://api.example/api/v1/api/v10");
    }

    /// Undoes escapes until there are none, takes `\` for `/`, and resolves what is left, as the most lenient of servers would.
    fn most_lenient(path: &str) -> Vec<String> {
        let mut text = path.to_owned();
        loop {
            let once = text.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
            let once = once.replace("%5c", "\\").replace("%5C", "\\").replace("%25", "%").replace("%74", "t");
            if once == text {
                break;
            }
            text = once;
        }
        let mut resolved = Vec::new();
        for segment in text.replace('\\', "/").split('/') {
            let name = segment.split([';', '?', '#']).next().unwrap_or_default().trim();
            match name {
                "" | "." => {}
                ".." => drop(resolved.pop()),
                name => resolved.push(name.to_lowercase()),
            }
        }
        resolved
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "/",
            "//",
            "\\",
            ".",
            "..",
            "%2e",
            "%2E",
            "%252e",
            "%2f",
            "%5c",
            "%255c",
            "%25",
            "%74oken",
            "auth",
            "AUTH",
            "oidc",
            "token",
            "tokens",
            "@",
            ":",
            "#",
            "?",
            ";x=1",
            "a",
            "host.example",
            " ",
            "\n",
            "\u{0}",
            "%00",
            "%0a",
            "é",
            "api",
            "v1",
        ]);
        prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_accepted_stays_below_the_base_and_is_no_place_of_tokens(rest in pieces(), slash in any::<bool>()) {
            let text = if slash { format!("/{rest}") } else { rest };
            let Ok(path) = parse(&text) else { return Ok(()) };
            for base in BASES.map(|base| Url::parse(base).unwrap()) {
                let Ok(url) = path.below(&base) else { continue };
                prop_assert!(same_origin(&url, &base) && url.username().is_empty() && url.fragment().is_none());
                let above = most_lenient(base.path());
                let reached = most_lenient(url.path());
                prop_assert!(reached.starts_with(&above), "{text:?} leads to {reached:?}");
                let places = [["auth", "token"], ["oidc", "token"]];
                let is_token = reached.windows(2).any(|window| places.iter().any(|place| window == place));
                prop_assert!(!is_token, "{text:?} leads to {reached:?}");
                prop_assert!(!url.as_str().chars().any(|character| character.is_control() || character == '\\'));
            }
        }

        #[test]
        fn any_text_is_either_refused_or_kept_as_it_is(text in "\\PC{0,40}") {
            if let Ok(path) = parse(&text) {
                let url = path.below(&Url::parse(BASES[0]).unwrap()).unwrap();
                prop_assert_eq!(url.path(), text.split('?').next().unwrap());
            }
        }
    }
}
