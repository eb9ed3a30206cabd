//! What the browser is shown, in answers that load nothing and are kept nowhere.

use std::fmt::Write as _;

use super::request::Answer;

/// An answer to the browser: the status line's words, and one sentence for people.
pub(super) struct Page<'a> {
    pub(super) status: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'a str,
}

/// The request was not for the address of the login.
pub(super) const NOT_FOUND: Page<'static> =
    Page { status: "404 Not Found", title: "Nothing here", text: "There is nothing at this address." };

/// The request was no read.
pub(super) const NOT_ALLOWED: Page<'static> =
    Page { status: "405 Method Not Allowed", title: "Nothing here", text: "Only a browser's GET is answered." };

/// The request cannot be read, or does not belong to the login that is waited for. It is not said in which way.
pub(super) const REFUSED: Page<'static> = Page {
    status: "400 Bad Request",
    title: "Not logged in",
    text: "This is not the login that scangate waits for. Open the address that it printed last.",
};

/// What the browser is told of an answer that carries the state.
pub(super) fn of(answer: &Answer) -> String {
    match answer {
        Answer { error: Some(error), description, .. } => {
            let text = format!("The login was refused: {error} {description}");
            Page { status: "200 OK", title: "Not logged in", text: &text }.response()
        }
        Answer { code: Some(_), .. } => Page {
            status: "200 OK",
            title: "Back to the terminal",
            text: "scangate has its answer, and says in the terminal whether the login is good. This window can be closed.",
        }
        .response(),
        Answer { .. } => REFUSED.response(),
    }
}

impl Page<'_> {
    /// The whole answer. The address in the browser's bar holds the code, so nothing may be told of it to anyone.
    pub(super) fn response(&self) -> String {
        let Self { status, title, text } = self;
        let text = escaped(text);
        let body = format!(
            "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n{body}",
            body.len()
        )
    }
}

/// Text between tags: what HTML gives a meaning to, and what turns or hides text, as numbers.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars().take(600) {
        if character.is_ascii_alphanumeric() || matches!(character, ' ' | '.' | ',' | ':' | '-' | '_') {
            escaped.push(character);
        } else if !crate::finding::is_unprintable(character) {
            // Writing into a String cannot fail.
            write!(escaped, "&#{};", u32::from(character)).unwrap_or_default();
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_provider_says_is_markup() {
        let answer = Answer {
            code: None,
            error: Some("<script>alert(1)</script>".to_owned()),
            description: "\"><img src=x onerror='y'>&amp;\u{202e}\r\nSet-Cookie: a=b é".to_owned(),
        };
        let response = of(&answer);
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let shown = body.split_once("<p>").unwrap().1.split_once("</p>").unwrap().0;
        assert!(!shown.contains(['<', '>', '"', '\'', '\u{202e}', '\r', '\n']), "{shown}");
        assert!(
            shown.contains("&#60;script&#62;") && shown.contains("&#38;amp") && shown.contains("&#233;"),
            "{shown}"
        );
        assert!(!head.contains("Cookie"));
    }

    #[test]
    fn no_page_loads_or_tells_anything() {
        let code = crate::credentials::Secret::new("the-code");
        let done = of(&Answer { code, error: None, description: String::new() });
        for response in [NOT_FOUND.response(), NOT_ALLOWED.response(), REFUSED.response(), done] {
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            for header in [
                "Content-Security-Policy: default-src 'none'",
                "Cache-Control: no-store",
                "Referrer-Policy: no-referrer",
                "X-Content-Type-Options: nosniff",
                "Connection: close",
            ] {
                assert!(head.contains(header), "{head}");
            }
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
            assert!(!body.contains("http") && !body.contains("src") && !body.contains("the-code"), "{body}");
        }
    }
}
