//! The way to a platform through servers and proxies that others wrote: nginx with certificates of a private authority that
//! openssl made, in front of `scangate sandbox`; and Squid, which wants a user name and a password.
#![expect(clippy::unwrap_used, reason = "a test without a port has failed")]

mod authority;
mod nginx;
mod proxied;
mod squid;
mod tls;

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// How often a server is started anew, because somebody else was given its port in between.
const STARTS: usize = 5;

/// A port of loopback that is free at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that runs until it is dropped.
struct Process(Child);

impl Process {
    /// Starts it, and waits until it says on standard error that it serves; `None` if it ends before that.
    fn start(command: &mut Command, notice: &str) -> Option<Self> {
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Self(command.spawn().unwrap());
        let mut notices = BufReader::new(process.0.stderr.take().unwrap()).lines().map_while(Result::ok);
        if !notices.any(|line| line.contains(notice)) {
            return None;
        }
        // A pipe that nobody reads would block it in the end.
        std::thread::spawn(move || notices.for_each(drop));
        Some(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}
