//! A [`Call`] as the transport's request, made anew for each attempt.

use reqwest::Request;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;

use super::call::{Call, Method};
use super::content;
use super::fault::Fault;
use super::grant::Placement;
use crate::credentials::Secret;
use crate::error::Class;

/// Makes the request, with the key or token if there is one.
pub(super) async fn build(call: &Call, signature: Option<(&Placement, &Secret)>) -> Result<Request, Fault> {
    let mut request = Request::new(reqwest::Method::from(call.method), call.url.clone());
    let content = content::of(&call.body).await?;
    let headers = request.headers_mut();
    if call.accepts_json {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    if let Some(kind) = &content.kind {
        headers.insert(CONTENT_TYPE, sensitive(kind, "the content type")?);
    }
    if let Some(length) = content.length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    for (name, value) in &call.headers {
        headers.insert(header_name(name)?, sensitive(value, "a header's value")?);
    }
    if let Some((placement, secret)) = signature {
        let (name, value) = signed(placement, secret)?;
        headers.insert(name, value);
    }
    *request.body_mut() = content.body;
    Ok(request)
}

fn signed(placement: &Placement, secret: &Secret) -> Result<(HeaderName, HeaderValue), Fault> {
    match placement {
        Placement::Authorization(scheme) => {
            let value = Zeroizing::new(format!("{scheme} {}", secret.expose()));
            Ok((AUTHORIZATION, sensitive(&value, "the credential")?))
        }
        Placement::Header(name) => Ok((header_name(name)?, sensitive(secret.expose(), "the credential")?)),
    }
}

fn header_name(name: &str) -> Result<HeaderName, Fault> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|cause| Fault::Local {
        class: Class::Internal,
        problem: format!("`{name}` cannot name a header: {cause}"),
        hint: "this is a bug in scangate; please report it",
    })
}

/// A value that neither the transport's logs nor its `Debug` show.
fn sensitive(value: &str, what: &str) -> Result<HeaderValue, Fault> {
    // The transport's error says no more than this, and a credential must not get into it.
    let Ok(mut value) = HeaderValue::from_str(value) else {
        return Err(Fault::Local {
            class: Class::Auth,
            problem: format!("{what} has characters that no header can carry"),
            hint: "check that it was copied whole and alone, without line breaks",
        });
    };
    value.set_sensitive(true);
    Ok(value)
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[tokio::test]
    async fn a_credential_is_marked_as_one_that_nothing_may_show() {
        let secret = Secret::new("key-0123456789").unwrap();
        for (placement, name, value) in [
            (Placement::bearer(), "authorization", "Bearer key-0123456789"),
            (Placement::Authorization("Api-Key".to_owned()), "authorization", "Api-Key key-0123456789"),
            (Placement::Header("x-api-key"), "x-api-key", "key-0123456789"),
        ] {
            let call = Call::get(Url::parse("https://api.example/").unwrap());
            let request = build(&call, Some((&placement, &secret))).await.ok().unwrap();
            let header = &request.headers()[name];
            assert_eq!((header.to_str().unwrap(), header.is_sensitive()), (value, true));
            assert!(!format!("{request:?}").contains("0123456789"), "{request:?}");
        }
    }
}
