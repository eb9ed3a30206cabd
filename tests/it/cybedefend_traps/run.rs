//! The whole pipeline against a sandbox in the same process.

use scangate::clock::Clock;
use scangate::sandbox::{SandboxOptions, Server};
use tempfile::TempDir;

use crate::pipeline::{self, Ended};
use crate::served::in_process;

/// A tree in which nothing is found.
pub(super) const CLEAN: &[(&str, &str)] = &[("readme.txt", "nothing to see\n")];

/// A platform on a clock that moves only when its client waits.
pub(super) struct Platform {
    server: Server,
    clock: Clock,
}

impl Platform {
    pub(super) async fn start(faults: &[&str]) -> Self {
        Self::with(faults, |_| {}).await
    }

    pub(super) async fn with(faults: &[&str], change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let (server, clock) = in_process(faults, change).await;
        Self { server, clock }
    }

    /// Scans a tree of these files with these flags.
    pub(super) async fn scan(&self, files: &[(&str, &str)], flags: &[(&str, &str)]) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join("tree").join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        }
        let tree = folder.path().join("tree").display().to_string();
        self.run(folder, &[&[("dir", tree.as_str())], flags].concat()).await
    }

    /// Scans an image with these flags.
    pub(super) async fn scan_image(&self, image: &str, flags: &[(&str, &str)]) -> Ended {
        self.run(tempfile::tempdir().unwrap(), &[&[("image", image)], flags].concat()).await
    }

    async fn run(&self, folder: TempDir, flags: &[(&str, &str)]) -> Ended {
        let access = self.server.cybedefend().unwrap();
        let environment = [
            ("CYBEDEFEND_API_URL", access.api_url.as_str()),
            ("CYBEDEFEND_AUTH_ENDPOINT", &access.auth_url),
            ("CYBEDEFEND_PROJECT_ID", &access.project_id),
            ("CYBEDEFEND_PAT", access.pat.expose()),
        ];
        pipeline::run(&self.clock, folder, &[&[("platform", "cybedefend")], flags].concat(), &environment).await
    }
}
