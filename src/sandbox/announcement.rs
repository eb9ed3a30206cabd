//! What `scangate sandbox` tells its user.

use std::io;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// What this is, and what it is not.
    pub note: &'static str,
    /// The API's URL.
    pub api_url: String,
    /// The identity provider's URL.
    pub auth_url: String,
    /// The object storage's URL.
    pub storage_url: String,
    /// The personal access token.
    pub pat: String,
    /// The project's id.
    pub project_id: String,
}

impl Announcement {
    const NOTE: &'static str = "this is an emulator of CybeDefend's API with a toy rule set: a clean result from it says nothing about \
                                your code";

    /// Lines for a shell that set everything a client needs.
    pub fn environment(&self) -> [String; 4] {
        [
            format!("export CYBEDEFEND_API_URL={}", self.api_url),
            format!("export CYBEDEFEND_AUTH_ENDPOINT={}", self.auth_url),
            format!("export CYBEDEFEND_PAT={}", self.pat),
            format!("export CYBEDEFEND_PROJECT_ID={}", self.project_id),
        ]
    }
}

/// Starts a sandbox and says what there is to say about it. The caller prints it and waits for [`Server::ended`] or a signal.
pub async fn serve(options: SandboxOptions) -> io::Result<Served> {
    let server = Server::start(options).await?;
    let announcement = Announcement {
        note: Announcement::NOTE,
        api_url: server.api_url().to_owned(),
        auth_url: server.auth_url().to_owned(),
        storage_url: server.storage_url().to_owned(),
        pat: server.pat().expose().to_owned(),
        project_id: server.project_id().to_owned(),
    };
    Ok(Served { server, announcement })
}
