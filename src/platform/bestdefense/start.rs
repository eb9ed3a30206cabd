//! The body that creates a report, which is a scan, and the id in the answer (contract 4, and 10 rows 7, 12 and 13).

use serde_json::{Value, json};

use super::envelope::Envelope;
use crate::finding::is_unprintable;
use crate::platform::options::merge;
use crate::platform::text::bounded;
use crate::platform::{Error, Request};

/// The longest id of a report that is believed, in bytes.
const LONGEST_ID: usize = 200;

/// The fields that settings decide. The security scan is the only part of a report that has alerts, so it is never switched off.
const OWNED: [(&str, &str); 4] = [
    ("options.security.enabled", "--scan-type"),
    ("options.security.options.vortexType", "--scan-type"),
    ("options.security.options.testingType", "--scan-type"),
    ("options.security.options.scanIntensity", "--intensity"),
];

/// How to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScanOptions {
    vortex: String,
    testing: String,
    /// The word of `--intensity`.
    pub(super) intensity: String,
    extra: Vec<(String, Value)>,
}

impl ScanOptions {
    /// Reads `--scan-type`, `--intensity` and `--option`, and says what is passed on without being known. All three fields are
    /// always sent: which defaults apply without them is not documented (contract 4.2).
    pub(super) fn read(request: &Request) -> Result<(Self, Vec<String>), Error> {
        let mut warnings = Vec::new();
        let scan_type = word(request.scan_type.as_deref().unwrap_or("analog"), "--scan-type")?;
        let (vortex, testing) = match scan_type.to_ascii_lowercase().as_str() {
            "analog" => ("analog".to_owned(), "web"),
            "api" => ("analog".to_owned(), "api"),
            "ai" => ("ai".to_owned(), "web"),
            _ => {
                warnings.push(format!(
                    "`{scan_type}` is no type of scan that scangate knows (analog, ai, api); it is passed on as the vortexType"
                ));
                (scan_type, "web")
            }
        };
        let mut intensity = word(request.intensity.as_deref().unwrap_or("quick"), "--intensity")?;
        let known = ["quick", "standard", "thorough"].into_iter().find(|known| intensity.eq_ignore_ascii_case(known));
        match known {
            Some(known) => known.clone_into(&mut intensity),
            None => warnings.push(format!(
                "`{intensity}` is no intensity that scangate knows (quick, standard, thorough); it is passed on"
            )),
        }
        let options = Self { vortex, testing: testing.to_owned(), intensity, extra: request.options.clone() };
        options.body()?;
        Ok((options, warnings))
    }

    /// The same for a site that is an API as far as its record says: an AI scan follows the type of its site (contract 4.3).
    #[must_use]
    pub(super) fn for_site(mut self, is_api: bool) -> Self {
        if is_api && self.vortex == "ai" {
            "api".clone_into(&mut self.testing);
        }
        self
    }

    /// The body (contract 4.1), with the user's own fields merged in.
    pub(super) fn body(&self) -> Result<Value, Error> {
        let options =
            json!({ "vortexType": self.vortex, "testingType": self.testing, "scanIntensity": self.intensity });
        let mut body = json!({ "options": { "security": { "enabled": true, "options": options } } });
        merge(&mut body, &self.extra, &OWNED)?;
        Ok(body)
    }
}

/// A setting that has to be a word and is passed on as it is.
fn word(text: &str, flag: &str) -> Result<String, Error> {
    let is_word = |text: &str| {
        text.len() <= 64
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let text = text.trim();
    if is_word(text) {
        return Ok(text.to_owned());
    }
    Err(Error::Setting {
        message: format!("{flag} {:?} is not one word", bounded(text, 80)),
        hint: "give a word of letters, digits, hyphens, dots and underscores".to_owned(),
    })
}

/// The new report's id: at the root, which is documented, or at one of the places where the envelope or another release may have
/// put it (contract 10, row 7).
pub(super) fn report_id(answer: &Envelope) -> Option<String> {
    const PLACES: [&str; 8] =
        ["/id", "/data/id", "/data/reportId", "/data/report_id", "/data/report/id", "/reportId", "/report_id", "/data"];
    PLACES.into_iter().find_map(|place| usable_id(answer.root().pointer(place)?))
}

/// An id as text: a text without white space, or a whole number above 0. What programs write for a missing one is none (contract
/// 9.5, point 4).
pub(super) fn usable_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let is_hostile = |character: char| character.is_whitespace() || is_unprintable(character);
            let is_none = ["", "0", "null", "undefined", "nan", ".", ".."].contains(&text.to_lowercase().as_str());
            (!is_none && text.len() <= LONGEST_ID && !text.contains(is_hostile)).then(|| text.to_owned())
        }
        Value::Number(number) => number.as_u64().filter(|id| *id > 0).map(|id| id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{Credential, Form, Secret};

    fn read(change: impl FnOnce(&mut Request)) -> Result<(Value, Vec<String>), String> {
        let form = Form::Token { secret: Secret::new("token").unwrap(), previous: None };
        let mut request = Request::new(Credential::new(form, "BD_API_TOKEN"));
        change(&mut request);
        let (options, warnings) = ScanOptions::read(&request).map_err(|error| error.to_string())?;
        Ok((options.body().unwrap(), warnings))
    }

    fn body(scan_type: Option<&str>, intensity: Option<&str>) -> (Value, usize) {
        let (body, warnings) = read(|request| {
            request.scan_type = scan_type.map(str::to_owned);
            request.intensity = intensity.map(str::to_owned);
        })
        .unwrap();
        (body["options"]["security"]["options"].clone(), warnings.len())
    }

    #[test]
    fn a_type_of_scan_sets_two_fields_and_all_three_are_always_sent() {
        let options = |vortex: &str, testing: &str, intensity: &str| json!({ "vortexType": vortex, "testingType": testing, "scanIntensity": intensity });
        assert_eq!(body(None, None), (options("analog", "web", "quick"), 0));
        assert_eq!(body(Some("api"), Some("standard")), (options("analog", "api", "standard"), 0));
        assert_eq!(body(Some("AI"), Some("Thorough")), (options("ai", "web", "thorough"), 0));
    }

    #[test]
    fn unknown_words_are_passed_on_with_a_warning_and_what_is_no_word_is_refused() {
        let expected = json!({ "vortexType": "Hybrid2", "testingType": "web", "scanIntensity": "extreme" });
        assert_eq!(body(Some("Hybrid2"), Some("extreme")), (expected, 2));
        for wrong in ["a b", "a\"b", "-x", "é", &"x".repeat(65)] {
            let refused = read(|request| request.scan_type = Some(wrong.to_owned())).unwrap_err();
            assert!(refused.contains("--scan-type") && refused.contains("not one word"), "{refused}");
        }
    }

    #[test]
    fn an_ai_scan_follows_the_type_of_its_site() {
        let form = Form::Token { secret: Secret::new("token").unwrap(), previous: None };
        let mut request = Request::new(Credential::new(form, "BD_API_TOKEN"));
        for (scan_type, testing) in [("ai", "api"), ("analog", "web")] {
            request.scan_type = Some(scan_type.to_owned());
            let (options, _) = ScanOptions::read(&request).unwrap();
            let body = options.for_site(true).body().unwrap();
            assert_eq!(body["options"]["security"]["options"]["testingType"], testing);
        }
    }

    #[test]
    fn options_are_merged_and_never_reach_what_a_flag_decides() {
        let with = |path: &str, value: Value| read(|request| request.options = vec![(path.to_owned(), value)]);
        let (body, _) = with("options.security.options", json!({ "testUsers": [3] })).unwrap();
        assert_eq!(
            body,
            json!({ "options": { "security": { "enabled": true, "options": {
                "vortexType": "analog", "testingType": "web", "scanIntensity": "quick", "testUsers": [3] } } } })
        );
        assert_eq!(with("options.seo.enabled", json!(true)).unwrap().0["options"]["seo"]["enabled"], true);
        for (path, value, setting) in [
            ("options.security.options.scanIntensity", json!("quick"), "--intensity"),
            ("options.security.options", json!({ "vortexType": "ai" }), "--scan-type"),
            ("options.security.enabled", json!(false), "--scan-type"),
            ("options.security", json!(null), "--scan-type"),
            ("options", json!([]), "--scan-type"),
        ] {
            assert!(with(path, value).unwrap_err().contains(setting), "{path}");
        }
    }

    #[test]
    fn the_id_of_a_report_is_found_in_every_place_and_type_that_the_contract_names() {
        for (answer, id) in [
            (json!({ "success": true, "status": 200, "id": "0f4c-uuid" }), "0f4c-uuid"),
            (json!({ "success": true, "id": 4711 }), "4711"),
            (json!({ "id": null, "data": { "id": 7 } }), "7"),
            (json!({ "data": { "reportId": "r-1" } }), "r-1"),
            (json!({ "data": { "report": { "id": "r-2" } } }), "r-2"),
            (json!({ "reportId": "r-3" }), "r-3"),
            (json!({ "report_id": 5 }), "5"),
            (json!({ "data": { "report_id": "r-5" } }), "r-5"),
            (json!({ "data": "r-4" }), "r-4"),
            (json!({ "id": " report-123 " }), "report-123"),
        ] {
            assert_eq!(report_id(&Envelope::open(answer.clone()).unwrap()).as_deref(), Some(id), "{answer}");
        }
    }

    #[test]
    fn what_programs_write_for_a_missing_id_is_none() {
        for id in
            [json!(null), json!(""), json!(" "), json!("undefined"), json!("null"), json!(0), json!("0"), json!(-1)]
        {
            assert_eq!(report_id(&Envelope::open(json!({ "success": true, "id": id })).unwrap()), None, "{id}");
        }
        for id in [
            json!(1.5),
            json!(true),
            json!([1]),
            json!({}),
            json!("a b"),
            json!(".."),
            json!("a\u{1b}"),
            json!("x".repeat(201)),
        ] {
            assert_eq!(report_id(&Envelope::open(json!({ "success": true, "id": id })).unwrap()), None, "{id}");
        }
        assert_eq!(report_id(&Envelope::open(json!({ "success": true })).unwrap()), None);
    }
}
