//! nginx, unprivileged, on a free port of loopback, in front of a server of ours.
#![expect(clippy::unwrap_used, reason = "a test without its server has failed")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::authority::Signed;
use super::{Process, STARTS, free_port};

/// A server that runs until it is dropped.
pub(super) struct Nginx {
    _process: Process,
    port: u16,
    folder: TempDir,
}

impl Nginx {
    /// Serves what `upstream`, such as `http://127.0.0.1:8000`, answers, with this certificate. `directives` stand behind those
    /// that every such server has.
    pub(super) fn start(nginx: &Path, signed: &Signed, upstream: &str, directives: &str) -> Self {
        (0..STARTS).find_map(|_| Self::try_start(nginx, signed, upstream, directives)).unwrap()
    }

    fn try_start(nginx: &Path, signed: &Signed, upstream: &str, directives: &str) -> Option<Self> {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = [&signed.certificate, &signed.key].map(|path| path.display());
        let configuration = format!(
            "daemon off;
             master_process off;
             error_log stderr notice;
             pid nginx.pid;
             events {{ worker_connections 64; }}
             http {{
                 log_format headers '$request|$http_authorization|$http_x_api_key|$http_proxy_authorization|$status';
                 access_log access.log headers;
                 client_body_temp_path body;
                 proxy_temp_path proxy;
                 fastcgi_temp_path fastcgi;
                 uwsgi_temp_path uwsgi;
                 scgi_temp_path scgi;
                 server {{
                     listen 127.0.0.1:{port} ssl;
                     ssl_certificate {certificate};
                     ssl_certificate_key {key};
                     {directives}
                     location / {{ proxy_pass {upstream}; }}
                 }}
             }}"
        );
        fs_err::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new(nginx);
        command.args(["-c", "nginx.conf", "-e", "stderr", "-p"]).arg(format!("{}/", folder.path().display()));
        // It says this once it listens.
        let process = Process::start(&mut command, "event method")?;
        Some(Self { _process: process, port, folder })
    }

    /// Its address under this name of the machine.
    pub(super) fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.port)
    }

    /// The requests that it had, a line each: request line, `Authorization`, `X-API-Key`, `Proxy-Authorization`, status.
    pub(super) fn requests(&self) -> String {
        fs_err::read_to_string(self.folder.path().join("access.log")).unwrap_or_default()
    }
}
