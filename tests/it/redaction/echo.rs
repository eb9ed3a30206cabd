//! A server between the program and the sandbox that knows every secret that passes, and repeats them in whatever it says: in
//! messages, titles, headers, types, places to go to, in every form.
#![expect(clippy::unwrap_used, reason = "a test's server that fails has to fail the test")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A secret that is good for all places: a header takes it, and every encoding changes it.
pub(super) fn marked(name: &str) -> String {
    format!("m4rk-{name}-\"<a>/b\\c+d&e%2F'f=~?Xy7")
}

/// The forms in which a secret is echoed.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let every = |escape: &dyn Fn(char) -> String| secret.chars().map(escape).collect::<String>();
    let bytes = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
    let code = |character: char| u32::from(character);
    let quoted = json!(secret).to_string();
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;");
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let (half, rest) = secret.split_at(secret.len() / 2);
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(format!("x{secret}.")),
        STANDARD.encode(format!("ci:{secret}, and more")),
        STANDARD.encode(format!("{secret} and more")),
        encoded.replace('+', "%20"),
        every(&|character| format!("%{:02x}", code(character))),
        quoted.trim_matches('"').replace('/', "\\/"),
        every(&|character| format!("\\u{:04x}", code(character))),
        html,
        every(&|character| format!("&#{};", code(character))),
        every(&|character| format!("&#x{:X};", code(character))),
        bytes(|byte| format!("{byte:02x}")),
        bytes(|byte| format!("{byte:02X}")),
        json!(quoted).to_string(),
        format!("{half}\n{rest}"),
    ]
}

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Asks the sandbox, and adds secrets to the texts of its answer.
    Forward,
    /// Answers with this status and an error document.
    Refuse(u16),
    /// Answers with a page for people.
    Page,
    /// Answers with half a document.
    Cut,
    /// Points to another origin.
    Redirect,
    /// Answers with half of what it announced, and closes.
    Reset,
    /// Never answers.
    Stall,
}

/// The server. Its threads end with the process.
pub(super) struct Echo(Arc<Shared>);

struct Shared {
    secrets: Mutex<Vec<String>>,
    /// What the program has as a credential, and what the sandbox takes.
    swaps: Vec<(String, String)>,
    /// What is done from which request on.
    act: Act,
    after: usize,
    requests: AtomicUsize,
    added: AtomicUsize,
    /// The sandbox's servers, and what stands before each.
    origins: Mutex<BTreeMap<String, String>>,
}

impl Echo {
    /// A server that forwards `after` requests and then does this.
    pub(super) fn new(secrets: Vec<String>, swaps: Vec<(String, String)>, act: Act, after: usize) -> Self {
        Self(Arc::new(Shared {
            secrets: Mutex::new(secrets),
            swaps,
            act,
            after,
            requests: AtomicUsize::default(),
            added: AtomicUsize::default(),
            origins: Mutex::default(),
        }))
    }

    /// The address to use in place of one of the sandbox's.
    pub(super) fn before(&self, address: &str) -> String {
        self.0.before(address)
    }

    /// What a text with addresses of this server is with those of the sandbox.
    pub(super) fn behind(&self, text: &str) -> String {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let origins = self.0.origins.lock().unwrap();
        origins.iter().fold(text.to_owned(), |text, (theirs, ours)| {
            text.replace(ours, theirs).replace(&encoded(ours), &encoded(theirs))
        })
    }

    /// Has something as a secret from now on.
    pub(super) fn learn(&self, secret: &str) {
        self.0.learn(secret);
    }

    /// Has something as a secret no longer, which a program cannot keep that is not given it.
    pub(super) fn forget(&self, secret: &str) {
        self.0.secrets.lock().unwrap().retain(|known| known != secret);
    }

    /// Every secret that there is by now.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.0.secrets.lock().unwrap().clone()
    }

    /// In how many texts of answers it put secrets.
    pub(super) fn added(&self) -> usize {
        self.0.added.load(Ordering::SeqCst)
    }

    /// How many requests it had.
    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }
}

struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

impl Shared {
    fn before(self: &Arc<Self>, text: &str) -> String {
        let mut result = text.to_owned();
        let ports = text.split("http://127.0.0.1:").skip(1);
        let origins: Vec<String> = ports
            .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect();
        for origin in origins {
            let known = self.origins.lock().unwrap().get(&origin).cloned();
            let ours = known.unwrap_or_else(|| self.serve(&origin));
            result = result.replace(&origin, &ours);
        }
        result
    }

    fn serve(self: &Arc<Self>, origin: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = format!("http://{}", listener.local_addr().unwrap());
        self.origins.lock().unwrap().insert(origin.to_owned(), ours.clone());
        let (shared, upstream) = (Arc::clone(self), origin.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, upstream) = (Arc::clone(&shared), upstream.clone());
                // The program may be gone in the middle of it.
                std::thread::spawn(move || shared.answer(stream, &upstream).unwrap_or_default());
            }
        });
        ours
    }

    fn answer(self: &Arc<Self>, mut stream: TcpStream, upstream: &str) -> std::io::Result<()> {
        let Some(request) = read(&stream)? else { return Ok(()) };
        self.learn_form(&request);
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let act = if number >= self.after { self.act } else { Act::Forward };
        let words = self.words(number);
        let document = json!({ "error": words, "message": words, "detail": words, "code": "refused" }).to_string();
        let (status, kind, body) = match act {
            Act::Stall => {
                // Until the program goes away.
                return stream.read(&mut [0]).map(drop);
            }
            Act::Forward => {
                let (status, kind, body) = self.forward(&request, upstream)?;
                (status, kind, self.change(&body, number, status))
            }
            Act::Refuse(status) => (status, "application/json".to_owned(), document.into_bytes()),
            Act::Page => {
                let page =
                    format!("<!DOCTYPE html><html><head><title>{words}</title></head><body>{words}</body></html>");
                (200, format!("text/html; charset={}", self.secret(number)), page.into_bytes())
            }
            Act::Cut | Act::Reset => {
                (200, "application/json".to_owned(), document.as_bytes()[..document.len() - 3].to_vec())
            }
            Act::Redirect => (302, "text/plain".to_owned(), words.clone().into_bytes()),
        };
        let secret = self.secret(number + 1);
        let length = body.len() + if matches!(act, Act::Reset) { 10 } else { 0 };
        let waits = if status == 429 || status == 503 { "retry-after: 30\r\n" } else { "" };
        write!(
            stream,
            "HTTP/1.1 {status} {secret}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\nx-request-id: {secret}\r\n\
             server: {secret}\r\nwww-authenticate: Bearer realm=\"{secret}\"\r\n{waits}location: http://{}.example/{}?token={}\r\n\r\n",
            STANDARD.encode(&secret).to_lowercase().replace(['+', '/', '='], "x"),
            self.forms_of(number)[6],
            self.forms_of(number)[5],
        )?;
        stream.write_all(&body)
    }

    /// Asks the sandbox, as the client that it knows.
    fn forward(&self, request: &Request, upstream: &str) -> std::io::Result<(u16, String, Vec<u8>)> {
        let kind = request.header("content-type");
        let is_text = kind.is_some_and(|kind| kind.contains("json") || kind.contains("form"));
        let mut body = request.body.clone();
        let mut headers = String::new();
        for (name, value) in &request.headers {
            if !["host", "connection", "accept-encoding", "content-length"].contains(&name.as_str()) {
                let value = self.swaps.iter().fold(value.clone(), |value, (ours, theirs)| value.replace(ours, theirs));
                headers.extend([name, ": ", &value, "\r\n"]);
            }
        }
        let addresses: Vec<_> =
            self.origins.lock().unwrap().iter().map(|(theirs, ours)| (ours.clone(), theirs.clone())).collect();
        for (ours, theirs) in self.swaps.iter().chain(&addresses).filter(|_| is_text) {
            let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let quoted = |text: &str| json!(text).to_string();
            let text = String::from_utf8(body).unwrap();
            body = text.replace(&form(ours), &form(theirs)).replace(&quoted(ours), &quoted(theirs)).into_bytes();
        }
        let mut stream = TcpStream::connect(upstream)?;
        let (line, length) = (request.line.replace("HTTP/1.1", "HTTP/1.0"), body.len());
        write!(stream, "{line}\r\nhost: {upstream}\r\n{headers}content-length: {length}\r\n\r\n")?;
        stream.write_all(&body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let kind = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        Ok((status, kind.map_or_else(String::new, |(_, kind)| kind.to_owned()), answer[end + 4..].to_vec()))
    }

    /// An answer of the sandbox with secrets in its texts. What it issues is a secret from now on.
    fn change(self: &Arc<Self>, body: &[u8], number: usize, status: u16) -> Vec<u8> {
        let text = String::from_utf8_lossy(body);
        let Ok(mut document) = serde_json::from_str::<Value>(&self.before(&text)) else {
            return if status < 300 { self.before(&text).into_bytes() } else { self.words(number).into_bytes() };
        };
        self.walk("", &mut document, number);
        document.to_string().into_bytes()
    }

    fn walk(&self, name: &str, value: &mut Value, number: usize) {
        const TEXTS: [&str; 16] = [
            "title",
            "packageName",
            "ruleId",
            "vulnerabilityType",
            "message",
            "error_description",
            "description",
            "recommendation",
            "remediation",
            "summary",
            "detail",
            "impact",
            "solution",
            "evidence",
            "snippet",
            "help",
        ];
        const TOKENS: [&str; 5] = ["access_token", "refresh_token", "id_token", "token", "csrf_token"];
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| self.walk(name, value, number)),
            Value::Array(items) => {
                items.iter_mut().enumerate().for_each(|(index, item)| self.walk(name, item, number + index));
            }
            Value::String(text) if TEXTS.contains(&name) => {
                let place = self.added.fetch_add(1, Ordering::SeqCst);
                let forms = self.forms_of(number + place);
                text.extend([" ", &forms[place % forms.len()]]);
            }
            Value::String(text) if TOKENS.contains(&name) => self.learn(text),
            Value::String(text) if text.starts_with("http") => {
                if let Some((_, query)) = text.split_once('?') {
                    self.learn(query);
                }
            }
            _ => {}
        }
    }

    /// Learns what a login is bought with.
    fn learn_form(&self, request: &Request) {
        const FIELDS: [&str; 3] = ["code", "code_verifier", "refresh_token"];
        if request.header("content-type") == Some("application/x-www-form-urlencoded") {
            let fields = url::form_urlencoded::parse(&request.body);
            fields.filter(|(name, _)| FIELDS.contains(&name.as_ref())).for_each(|(_, value)| self.learn(&value));
        }
    }

    fn learn(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap();
        if secret.len() >= 8 && !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
        }
    }

    fn secret(&self, number: usize) -> String {
        let secrets = self.secrets.lock().unwrap();
        secrets[number % secrets.len()].clone()
    }

    fn forms_of(&self, number: usize) -> Vec<String> {
        forms(&self.secret(number))
    }

    /// All secrets in all forms, beginning with another one each time: a message is cut somewhere.
    fn words(&self, number: usize) -> String {
        let count = self.secrets.lock().unwrap().len();
        let mut all: Vec<String> = (0..count).flat_map(|index| self.forms_of(index)).collect();
        let start = number * 7 % all.len();
        all.rotate_left(start);
        all.join(" ")
    }
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { line: lines.remove(0), headers, body }))
}
