//! What is asked for: a scan of a target, with the user's statement that it may be scanned (contract 2).

use serde_json::{Map, Value};

use super::{Asked, CyberOrigen, target, wire};
use crate::finding::ScanReference;
use crate::http::{Call, Replay};
use crate::platform::identifier::is_identifier;
use crate::platform::text::{bounded, one_line};
use crate::platform::{Error, Request, options};

/// The scan types that the vendor documents (contract 2.1).
const SCAN_TYPES: [&str; 3] = ["quick", "compliance", "full"];

/// The frameworks whose ids are attested (contract 2.1). Others exist under names that nobody has published.
const FRAMEWORKS: [&str; 2] = ["soc2", "pci-dss"];

/// The fields of the body that settings of their own decide.
const OWNED: [(&str, &str); 5] = [
    ("target", "--target"),
    ("scan_type", "--scan-type"),
    ("frameworks", "--framework"),
    ("ports", "--ports"),
    ("authorized", "--authorized"),
];

/// A scan as it is asked for, whatever its target.
pub(super) struct Order {
    scan_type: Option<String>,
    pub(super) frameworks: Vec<String>,
    ports: Option<String>,
    authorized: bool,
    /// Whether the statement is left out of the body, as in the one of the vendor's pages that has no such field.
    unstated: bool,
    options: Vec<(String, Value)>,
}

impl Order {
    /// What a request asks for. `--option authorized=null` is no value for a field that a setting decides, but leaves it out; the
    /// statement itself is required all the same.
    pub(super) fn new(request: &Request) -> Self {
        let leaves_out = |(path, value): &(String, Value)| path == "authorized" && value.is_null();
        Self {
            scan_type: request.scan_type.clone(),
            frameworks: request.frameworks.clone(),
            ports: request.ports.clone(),
            authorized: request.authorized,
            unstated: request.options.iter().any(leaves_out),
            options: request.options.iter().filter(|option| !leaves_out(option)).cloned().collect(),
        }
    }

    /// Whether this target may be asked for.
    pub(super) fn check(&self, target: &str) -> Result<(), Error> {
        self.body(target).map(drop)
    }

    /// The body of the request for a scan. There is none without the statement, nor for what is no target.
    fn body(&self, target: &str) -> Result<Value, Error> {
        target::check(target).map_err(|reason| Error::Setting {
            message: format!("--target {:?} {reason}", bounded(target, 80)),
            hint: "CyberOrigen scans a domain such as example.com, an address such as 192.0.2.1, or a range such as 192.0.2.0/24"
                .to_owned(),
        })?;
        if !self.authorized {
            return Err(Error::Setting {
                message: format!("nobody has stated that {} may be scanned", bounded(target, 80)),
                hint: "if you are authorised to have it scanned, say so with --authorized; the statement is sent to CyberOrigen as yours"
                    .to_owned(),
            });
        }
        let mut fields = Map::new();
        fields.insert("target".to_owned(), target.into());
        fields.extend(self.scan_type.as_deref().map(|word| ("scan_type".to_owned(), word.into())));
        if !self.frameworks.is_empty() {
            fields.insert("frameworks".to_owned(), self.frameworks.clone().into());
        }
        fields.extend(self.ports.as_deref().map(|ports| ("ports".to_owned(), ports.into())));
        if !self.unstated {
            fields.insert("authorized".to_owned(), true.into());
        }
        let mut body = Value::Object(fields);
        options::merge(&mut body, &self.options, &OWNED)?;
        Ok(body)
    }

    /// What is passed on although nobody has documented it.
    pub(super) fn notes(&self) -> Vec<String> {
        let unknown_type = self.scan_type.as_deref().filter(|word| !SCAN_TYPES.contains(word));
        let unknown_frameworks = self.frameworks.iter().filter(|id| !FRAMEWORKS.contains(&id.as_str()));
        let unknown_ports = self.ports.as_deref().filter(|ports| !are_ports(ports));
        let passed_on = |what: &str, value: &str, known: &str| {
            format!(
                "the {what} `{}` is passed on as it is: CyberOrigen documents {known}",
                bounded(&one_line(value), 80)
            )
        };
        unknown_type
            .map(|word| passed_on("scan type", word, &SCAN_TYPES.join(", ")))
            .into_iter()
            .chain(unknown_frameworks.map(|id| passed_on("framework", id, &FRAMEWORKS.join(", "))))
            .chain(unknown_ports.map(|ports| passed_on("list of ports", ports, "ranges such as 1-1000")))
            .collect()
    }
}

/// Whether these are ports and ranges of ports, with commas between them.
fn are_ports(text: &str) -> bool {
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    text.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => port(first).zip(port(last)).is_some_and(|(first, last)| first <= last),
        None => port(part).is_some(),
    })
}

impl CyberOrigen {
    /// Asks for a scan of the target. It is asked for again only where nothing can have come of the first time: each scan costs
    /// quota, and no idempotency key is documented (contract 2.2).
    pub(super) async fn create(&self, target: &str) -> Result<ScanReference, Error> {
        let body = self.order.body(target)?;
        let call = Call::post_json(self.endpoints.api(["scans"])?, Some(&body), Replay::IfUnsent)
            .map_err(|cause| Error::Protocol { message: format!("cannot write the request for a scan: {cause}") })?;
        let created: wire::Created = match self.session.json(call).await {
            Ok(created) => created,
            Err(error) if error.may_have_arrived() => return Err(Error::lost_start(error, "CyberOrigen", target)),
            Err(error) => return Err(self.explain(error, Asked::Start)),
        };
        let id = created.id.filter(|id| is_identifier(id));
        let id = id.ok_or_else(|| Error::Protocol {
            message: format!(
                "CyberOrigen answered the request for a scan of {target} without a usable id; the scan may run"
            ),
        })?;
        // The vendor documents no page of a scan.
        Ok(ScanReference { id, url: None })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credentials::{Credential, Form, Secret};
    use crate::error::Class;

    fn request() -> Request {
        let form = Form::ApiKey(Secret::new("key-0123456789").unwrap());
        Request { authorized: true, ..Request::new(Credential::new(form, "CYBERORIGEN_API_KEY")) }
    }

    fn body(request: &Request) -> Result<Value, Error> {
        Order::new(request).body("example.com")
    }

    #[test]
    fn only_what_was_asked_for_is_sent() {
        assert_eq!(body(&request()).unwrap(), json!({ "target": "example.com", "authorized": true }));
        let all = Request {
            scan_type: Some("full".to_owned()),
            frameworks: vec!["soc2".to_owned(), "pci-dss".to_owned()],
            ports: Some("1-1000".to_owned()),
            options: vec![("schedule.priority".to_owned(), json!(3))],
            ..request()
        };
        let expected = json!({
            "target": "example.com", "scan_type": "full", "frameworks": ["soc2", "pci-dss"], "ports": "1-1000",
            "authorized": true, "schedule": { "priority": 3 }
        });
        assert_eq!(body(&all).unwrap(), expected);
    }

    #[test]
    fn nothing_is_sent_without_the_users_own_statement() {
        for options in [vec![], vec![("authorized".to_owned(), json!(null))]] {
            let error = body(&Request { authorized: false, options, ..request() }).unwrap_err();
            assert_eq!((error.class(), error.to_string().contains("example.com")), (Class::Usage, true));
            assert!(error.hint().unwrap().contains("--authorized"));
        }
        let error =
            body(&Request { authorized: false, options: vec![("authorized".to_owned(), json!(true))], ..request() });
        assert_eq!(error.unwrap_err().class(), Class::Usage);
    }

    #[test]
    fn an_option_may_leave_the_statement_out_and_set_no_field_that_a_setting_decides() {
        let left_out = Request { options: vec![("authorized".to_owned(), json!(null))], ..request() };
        assert_eq!(body(&left_out).unwrap(), json!({ "target": "example.com" }));
        for (field, setting) in OWNED {
            let options = vec![(field.to_owned(), json!("x"))];
            let error = body(&Request { options, ..request() }).unwrap_err();
            assert!(error.to_string().contains(setting), "{error}");
        }
    }

    #[test]
    fn words_that_nobody_documents_are_passed_on_with_a_note() {
        let unknown = Request {
            scan_type: Some("deep".to_owned()),
            frameworks: vec!["soc2".to_owned(), "iso27001".to_owned()],
            ports: Some("top-100".to_owned()),
            ..request()
        };
        let order = Order::new(&unknown);
        let notes = order.notes();
        assert_eq!(notes.len(), 3, "{notes:?}");
        for (note, word) in notes.iter().zip(["`deep`", "`iso27001`", "`top-100`"]) {
            assert!(note.contains(word), "{note}");
        }
        assert_eq!(order.body("example.com").unwrap()["scan_type"], "deep");
        assert!(Order::new(&request()).notes().is_empty());
    }

    #[test]
    fn ports_are_numbers_and_ranges() {
        for ports in ["443", "1-1000", "22,80,8000-8100", "1-65535", "22, 80"] {
            assert!(are_ports(ports), "{ports}");
        }
        for wrong in ["", "0", "1-", "1000-1", "65536", "http", "80;443"] {
            assert!(!are_ports(wrong), "{wrong}");
        }
    }
}
