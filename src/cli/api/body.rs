//! What a call carries: `--data`, or a JSON object made of `--field`s, which a read carries in its query.

use std::{io, mem};

use serde::de::IgnoredAny;

use super::fields::Field;
use super::media_type;
use crate::http::{Body, Method};
use crate::json;
use crate::regular_file::read_within;
use crate::settings::{self, value};

/// The largest body, in bytes. It is held in memory, and is no upload.
const LARGEST: u64 = 16 << 20;

/// The type of a body of which nothing else is said.
const JSON: &str = "application/json";

/// Arguments about the body.
#[derive(clap::Args)]
pub(super) struct Content {
    /// The body: a text, `@FILE`, or `-` for standard input; JSON, unless --content-type says otherwise
    #[arg(
        long,
        short,
        value_name = "TEXT|@FILE|-",
        help_heading = "Body",
        conflicts_with = "fields",
        allow_hyphen_values = true
    )]
    data: Option<String>,

    /// A field of a JSON body, or of the query of GET and HEAD; true, false, null and whole numbers are such; repeatable, with
    /// `a[b]=1` for objects and `a[]=1` for lists
    #[arg(long = "field", short = 'F', id = "fields", value_name = "KEY=VALUE", help_heading = "Body")]
    fields: Vec<String>,

    /// The type of --data, such as application/merge-patch+json [default: application/json]
    #[arg(long = "content-type", id = "content-type", value_name = "TYPE", help_heading = "Body", value_parser = media_type, requires = "data")]
    media_type: Option<String>,
}

impl Content {
    /// Whether the body is read from standard input.
    pub(super) fn reads_standard_input(&self) -> bool {
        self.data.as_deref() == Some("-")
    }

    /// The body, and the parameters that are added to the query.
    pub(super) fn read(&self, method: Method) -> Result<(Body, Vec<(String, String)>), settings::Error> {
        if let Some(data) = &self.data {
            if method.is_read() {
                let error = settings::Error::new(format!("a {} carries no --data", method.as_str()));
                return Err(error.with_hint("use --field for its query, or POST"));
            }
            return Ok((self.raw(data)?, Vec::new()));
        }
        let fields = self.fields.iter().map(|text| Field::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if method.is_read() {
            return Ok((Body::Empty, fields.into_iter().map(Field::into_parameter).collect()));
        }
        if fields.is_empty() {
            return Ok((Body::Empty, Vec::new()));
        }
        Ok((Body::Json(Field::object(fields)?.to_string()), Vec::new()))
    }

    fn raw(&self, data: &str) -> Result<Body, settings::Error> {
        let content = match data.strip_prefix('@') {
            _ if data == "-" => read_within(&mut io::stdin().lock(), LARGEST),
            Some(path) => match fs_err::File::open(path) {
                Ok(mut file) => read_within(&mut file, LARGEST),
                Err(error) => Err(error.to_string()),
            },
            None => read_within(&mut data.as_bytes(), LARGEST),
        };
        let mut content = content.map_err(|cause| {
            let error = settings::Error::new(format!("--data cannot be read: {}", value::escaped(&cause)));
            error.with_hint("`@` stands before the name of a file, and `-` for standard input")
        })?;
        let content_type = self.media_type.as_deref().unwrap_or(JSON);
        if is_json(content_type)
            && let Err(cause) = json::from_bytes::<IgnoredAny>(&content)
        {
            let error = settings::Error::new(format!("--data is not JSON: {cause}"));
            return Err(error.with_hint("say what it is with --content-type, or use --field"));
        }
        Ok(Body::Raw { content_type: content_type.to_owned(), content: mem::take(&mut *content).into() })
    }
}

/// Whether a media type is JSON: `application/json`, or one that is built on it (RFC 6839 section 3.1).
pub(super) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(data: Option<&str>, fields: &[&str], content_type: Option<&str>) -> Content {
        Content {
            data: data.map(str::to_owned),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            media_type: content_type.map(str::to_owned),
        }
    }

    #[test]
    fn fields_are_a_body_where_there_is_one_and_else_parameters() {
        let fields = content(None, &["page=2", "a[b]=x y"], None);
        let (body, query) = fields.read(Method::Get).unwrap();
        assert!(matches!(body, Body::Empty));
        assert_eq!(query, [("page", "2"), ("a[b]", "x y")].map(|(key, value)| (key.to_owned(), value.to_owned())));
        for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
            let (body, query) = fields.read(method).unwrap();
            assert!(matches!(body, Body::Json(document) if document == r#"{"a":{"b":"x y"},"page":2}"#));
            assert!(query.is_empty());
        }
        assert!(matches!(content(None, &[], None).read(Method::Post), Ok((Body::Empty, _))));
    }

    #[test]
    fn data_is_json_unless_its_type_says_otherwise() {
        let error = content(Some("{\"pin\": 77x77}"), &[], None).read(Method::Post).err().unwrap().to_string();
        assert!(error.starts_with("--data is not JSON: ") && !error.contains("77x77"), "{error}");
        assert!(
            content(Some("{"), &[], Some("application/merge-patch+json; charset=utf-8")).read(Method::Post).is_err()
        );
        let (body, _) = content(Some("a=b"), &[], Some("text/plain")).read(Method::Post).unwrap();
        assert!(
            matches!(body, Body::Raw { content_type, content } if content_type == "text/plain" && content == "a=b")
        );
    }

    #[test]
    fn a_read_carries_no_data_and_a_missing_file_is_named() {
        assert!(content(Some("{}"), &[], None).read(Method::Head).is_err());
        let error = content(Some("@no/such\u{1b}file"), &[], None).read(Method::Post).err().unwrap().to_string();
        assert!(error.contains("no/such\\u{1b}file"), "{error}");
    }

    #[test]
    fn a_body_is_bounded() {
        let longest = " ".repeat(usize::try_from(LARGEST).unwrap());
        assert!(content(Some(&longest), &[], Some("text/plain")).read(Method::Post).is_ok());
        let error = content(Some(&(longest + " ")), &[], Some("text/plain")).read(Method::Post).err().unwrap();
        assert!(error.to_string().contains("longer than 16 MiB"), "{error}");
    }
}
