//! The demo's own input, `examples/vulnerable-app`, built into the program so that the demo needs no file of ours.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// The files: name below the example's folder, with `/`, and content.
const FILES: [(&str, &str); 14] = [
    (".github/workflows/ci.yml", include_str!("../../examples/vulnerable-app/.github/workflows/ci.yml")),
    ("Dockerfile", include_str!("../../examples/vulnerable-app/Dockerfile")),
    ("README.md", include_str!("../../examples/vulnerable-app/README.md")),
    ("config/deploy_key.pem", include_str!("../../examples/vulnerable-app/config/deploy_key.pem")),
    ("config/settings.py", include_str!("../../examples/vulnerable-app/config/settings.py")),
    ("infra/main.tf", include_str!("../../examples/vulnerable-app/infra/main.tf")),
    ("k8s/shop.yaml", include_str!("../../examples/vulnerable-app/k8s/shop.yaml")),
    ("package-lock.json", include_str!("../../examples/vulnerable-app/package-lock.json")),
    ("package.json", include_str!("../../examples/vulnerable-app/package.json")),
    ("requirements.txt", include_str!("../../examples/vulnerable-app/requirements.txt")),
    ("shop/app.py", include_str!("../../examples/vulnerable-app/shop/app.py")),
    ("shop/orders.py", include_str!("../../examples/vulnerable-app/shop/orders.py")),
    ("static/basket.js", include_str!("../../examples/vulnerable-app/static/basket.js")),
    ("tools/receipt.js", include_str!("../../examples/vulnerable-app/tools/receipt.js")),
];

/// The example on disk, for as long as the value lives.
pub(super) struct Example(TempDir);

impl Example {
    /// Writes the example into a new folder below `parent`.
    pub(super) fn unpack(parent: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("scangate-demo-").tempdir_in(parent)?;
        for (name, content) in FILES {
            let path = folder.path().join(name);
            if let Some(parent) = path.parent() {
                fs_err::create_dir_all(parent)?;
            }
            fs_err::write(path, content)?;
        }
        Ok(Self(folder))
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::archive::{self, Options};

    #[test]
    fn every_file_of_the_example_is_built_in() {
        let directory = &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/vulnerable-app");
        let options = Options { directory, untracked: false, ignore_rules: "", own_files: &[] };
        let selection = archive::select(&options).unwrap();
        let names: Vec<_> = selection.files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, FILES.map(|(name, _)| name));
    }
}
