//! A workspace that somebody hostile has filled, and what came of a run in it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// What lies outside of the workspace and must not be read or written through a link.
pub(super) const SECRET: &str = "the content of a file that is none of the workspace's";

/// Where the user's home is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// Outside of the workspace, empty.
    Elsewhere,
    /// The workspace itself, as where a container has no other folder.
    Workspace,
}

/// A server that nobody has a reason to call, and that counts who does.
struct Trap {
    address: String,
    calls: Arc<AtomicUsize>,
}

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        // It lives as long as the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let read = stream.read(&mut [0; 4096]);
                read.and_then(|_| stream.write_all(refusal)).unwrap_or_default();
            }
        });
        Self { address, calls }
    }
}

/// The workspace before the run, with what its files refer to.
pub(super) struct Planted {
    trap: Trap,
    elsewhere: TempDir,
    home: Home,
    files: Vec<(String, String)>,
    links: Vec<(String, String)>,
    links_of_home: Vec<(String, String)>,
    has_repository: bool,
    has_credential: bool,
}

/// What came of a run there.
pub(super) struct After {
    ended: Ended,
    trap: Trap,
    elsewhere: TempDir,
    secrets: Vec<String>,
}

impl Planted {
    pub(super) fn new(home: Home) -> Self {
        let elsewhere = tempfile::tempdir().unwrap();
        fs_err::write(elsewhere.path().join("secret"), SECRET).unwrap();
        let own = "project_id: of-somebody-else\n";
        fs_err::write(elsewhere.path().join("own.yml"), format!("{own}api_url: https://host.example\n")).unwrap();
        let planted = Self {
            trap: Trap::new(),
            elsewhere,
            home,
            files: Vec::new(),
            links: Vec::new(),
            links_of_home: Vec::new(),
            has_repository: true,
            has_credential: true,
        };
        let repository = planted.elsewhere.path().join("repository");
        git(planted.elsewhere.path(), &["init", "--quiet", "--bare", "repository"]);
        fs_err::write(repository.join("config"), planted.filled(super::GIT)).unwrap();
        fs_err::write(planted.elsewhere.path().join("gitconfig"), planted.filled("[core]\n\tfsmonitor = @RUN\n"))
            .unwrap();
        planted
    }

    /// Plants a file in the workspace. What `.git/config` has already is kept.
    pub(super) fn file(mut self, path: &str, content: &str) -> Self {
        let content = self.filled(content);
        self.files.push((path.to_owned(), content));
        self
    }

    /// Plants a link in the workspace.
    pub(super) fn link(mut self, path: &str, target: &str) -> Self {
        let target = self.filled(target);
        self.links.push((path.to_owned(), target));
        self
    }

    /// Makes a folder of the home a link into the workspace.
    pub(super) fn link_home(mut self, name: &str, target: &str) -> Self {
        self.links_of_home.push((name.to_owned(), target.to_owned()));
        self
    }

    /// Leaves out the repository that there is otherwise.
    pub(super) fn without_repository(self) -> Self {
        Self { has_repository: false, ..self }
    }

    /// Takes away the credential that the environment has otherwise.
    pub(super) fn without_credential(self) -> Self {
        Self { has_credential: false, ..self }
    }

    /// The text with the trap's address, the command, its mark and the folder elsewhere.
    pub(super) fn filled(&self, text: &str) -> String {
        let elsewhere = self.elsewhere.path().display().to_string();
        let mark = format!("{elsewhere}/mark");
        let text = text.replace("@TRAP", &self.trap.address).replace("@RUN", &format!("touch {mark}"));
        text.replace("@MARK", &mark).replace("@ELSEWHERE", &elsewhere)
    }

    /// Scans the workspace at the sandbox.
    pub(super) fn scan(self, served: &Served) -> After {
        self.run_at(served, served.scan(&["-vv"]))
    }

    /// Calls the sandbox's API from the workspace.
    pub(super) fn api(self, served: &Served) -> After {
        let path = format!("/project/{}", served.variable("CYBEDEFEND_PROJECT_ID"));
        self.run_at(served, served.api(&["GET", &path, "-vv"]))
    }

    fn run_at(self, served: &Served, call: Scangate) -> After {
        let secret = served.variable("CYBEDEFEND_PAT").to_owned();
        let call = if self.has_credential { call } else { call.env("CYBEDEFEND_PAT", "") };
        let mut after = self.run(call);
        after.secrets.push(secret);
        after
    }

    /// Runs a call in the workspace.
    pub(super) fn run(self, call: Scangate) -> After {
        let work = call.directory();
        let home = work.with_file_name("home");
        if self.has_repository {
            git(&work, &["init", "--quiet"]);
            fs_err::write(work.join("app.py"), "value = eval(input())\n").unwrap();
            git(&work, &["add", "--all"]);
        }
        for (path, content) in &self.files {
            plant(&work.join(path), content);
        }
        for (path, target) in &self.links {
            fs_err::os::unix::fs::symlink(target, work.join(path)).unwrap();
        }
        for (name, target) in &self.links_of_home {
            fs_err::os::unix::fs::symlink(work.join(target), home.join(name)).unwrap();
        }
        let call = match self.home {
            Home::Elsewhere => call,
            Home::Workspace => call.env("HOME", &work),
        };
        After { ended: call.run(), trap: self.trap, elsewhere: self.elsewhere, secrets: vec![SECRET.to_owned()] }
    }
}

impl After {
    pub(super) fn exit_code(&self) -> i32 {
        self.ended.exit_code()
    }

    pub(super) fn stdout(&self) -> String {
        self.ended.stdout()
    }

    pub(super) fn stderr(&self) -> String {
        self.ended.stderr()
    }

    /// Whether anybody called the trap.
    pub(super) fn was_trapped(&self) -> bool {
        self.trap.calls.load(Ordering::SeqCst) > 0
    }

    /// Whether what was planted has run.
    pub(super) fn has_run(&self) -> bool {
        self.elsewhere.path().join("mark").exists()
    }

    /// The text of a file outside of the workspace.
    pub(super) fn elsewhere(&self, name: &str) -> String {
        fs_err::read_to_string(self.elsewhere.path().join(name)).unwrap()
    }

    /// Fails unless the run ended so, the trap was left alone, nothing planted has run, and no secret was said or left anywhere.
    #[track_caller]
    pub(super) fn assert_ends(&self, exit_code: i32, what: &str) {
        let said = format!("{what}\n{}{}", self.stdout(), self.stderr());
        assert_eq!(self.exit_code(), exit_code, "{said}");
        assert!(!self.was_trapped(), "the trap was called: {said}");
        assert!(!self.has_run(), "a planted command ran: {said}");
        assert!(!self.elsewhere.path().join("out.json").exists(), "a report left the workspace: {said}");
        for secret in &self.secrets {
            assert_eq!(self.ended.trace_of(secret), None, "a secret is there: {what}");
        }
    }
}

/// Writes a planted file; hooks can be executed, and what git has in its own is kept.
fn plant(path: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    let kept =
        if path.ends_with(".git/config") { fs_err::read_to_string(path).unwrap_or_default() } else { String::new() };
    fs_err::write(path, kept + content).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs git as the one who filled the workspace.
fn git(folder: &Path, arguments: &[&str]) {
    let nowhere = PathBuf::from("/dev/null");
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", &nowhere).env("GIT_CONFIG_SYSTEM", &nowhere);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
