//! Squid, which lets nobody through without a user name and a password.
#![expect(clippy::unwrap_used, reason = "a test without its proxy has failed")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Process, STARTS, free_port};

/// A name that Squid alone knows, for 127.0.0.1: what is named as loopback never goes through a proxy.
pub(super) const BEHIND: &str = "platform.test";

/// The user that it knows.
pub(super) const USER: &str = "ci";

/// The user's password.
pub(super) const PASSWORD: &str = "proxy-secret-93bf";

/// A proxy that runs until it is dropped.
pub(super) struct Squid {
    _process: Process,
    port: u16,
    folder: TempDir,
}

impl Squid {
    /// Starts it, and waits until it serves.
    pub(super) fn start([squid, helper, openssl]: &[PathBuf; 3]) -> Self {
        let hash = Command::new(openssl).args(["passwd", "-apr1", PASSWORD]).output().unwrap().stdout;
        let user = format!("{USER}:{}", String::from_utf8(hash).unwrap());
        (0..STARTS).find_map(|_| Self::try_start(squid, helper, &user)).unwrap()
    }

    fn try_start(squid: &Path, helper: &Path, user: &str) -> Option<Self> {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        // Started by root, it becomes a user of its own.
        fs_err::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let configuration = format!(
            "http_port 127.0.0.1:{port}\n\
             auth_param basic program {helper} {path}/users\n\
             auth_param basic children 1\n\
             acl known proxy_auth REQUIRED\n\
             http_access allow known\n\
             http_access deny all\n\
             cache deny all\n\
             logformat everything %rm %ru %>Hs %>h\n\
             access_log stdio:{path}/access.log everything\n\
             cache_log {path}/cache.log\n\
             pid_filename none\n\
             pinger_enable off\n\
             coredump_dir {path}\n\
             hosts_file {path}/hosts\n\
             visible_hostname proxy\n",
            helper = helper.display(),
        );
        for (name, content) in
            [("squid.conf", configuration), ("hosts", format!("127.0.0.1 {BEHIND}\n")), ("users", user.to_owned())]
        {
            fs_err::write(folder.path().join(name), content).unwrap();
            fs_err::set_permissions(folder.path().join(name), Permissions::from_mode(0o644)).unwrap();
        }
        let mut command = Command::new(squid);
        command.args(["-N", "-d", "1", "-f", "squid.conf"]).current_dir(folder.path());
        let process = Process::start(&mut command, "Accepting HTTP Socket connections")?;
        Some(Self { _process: process, port, folder })
    }

    /// Its address, with these credentials as they stand in a URL, such as `ci:password@`.
    pub(super) fn url(&self, credentials: &str) -> String {
        format!("http://{credentials}127.0.0.1:{}", self.port)
    }

    /// The requests that it had, a line each: method, address, status, and all headers.
    pub(super) fn requests(&self) -> String {
        fs_err::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}
