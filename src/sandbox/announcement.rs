//! What `scangate sandbox` tells its user.

use std::io;

use super::access::Access;
use super::options::SandboxOptions;
use super::server::Server;

/// A sandbox that serves, with everything to print about it.
pub struct Served {
    /// The server; the sandbox ends when it is dropped.
    pub server: Server,
    /// What to tell the user.
    pub announcement: Announcement,
}

/// Addresses and credentials of a sandbox. They are random and good for nothing else, so that showing them is no leak.
#[derive(Clone)]
pub struct Announcement {
    /// What this is, and what it is not.
    pub note: &'static str,
    /// How each platform is reached.
    pub accesses: Vec<Access>,
}

impl Announcement {
    const NOTE: &'static str = "this is an emulator of the platforms' APIs with toy rules and invented findings: a clean result from it \
                                says nothing about your code or your hosts";

    /// Lines for a shell that set everything a client needs: `export NAME=VALUE`, and comments. Where several platforms are served,
    /// each has a comment with its name first.
    pub fn environment(&self) -> Vec<String> {
        let several = self.accesses.len() > 1;
        let mut lines = Vec::new();
        for access in &self.accesses {
            lines.extend(several.then(|| format!("# {}", access.dialect())));
            lines.extend(access.environment().iter().map(|(name, value)| format!("export {name}={value}")));
            lines.extend(access.remarks().iter().map(|remark| format!("# {remark}")));
        }
        lines
    }
}

/// Starts a sandbox and says what there is to say about it. The caller prints it and waits for [`Server::ended`] or a signal.
pub async fn serve(options: SandboxOptions) -> io::Result<Served> {
    let server = Server::start(options).await?;
    let announcement = Announcement { note: Announcement::NOTE, accesses: server.accesses().to_vec() };
    Ok(Served { server, announcement })
}
