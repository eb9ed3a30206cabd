//! Names of commits, branches and repositories as a CI gives them: texts that anybody may have chosen who can open a pull request.

use url::Url;

pub(super) use crate::scan::git::branch;

/// A commit's id: SHA-1 or SHA-256, whole, in lower case.
pub(super) fn commit(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_ascii_lowercase())
}

/// The number of a pull request or merge request, or what a code host has in its place: a short plain word.
pub(super) fn number(text: &str) -> Option<&str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && !text.starts_with('-') && (1..=40).contains(&text.len())).then_some(text)
}

/// The repository's page behind its https address, without user name, password and `.git`, which are for cloning. Addresses of
/// other schemes lead to no page that we could know, and one with a query or a fragment is no repository's.
pub(super) fn web_address(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.host().is_some())?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    let address = url.as_str().trim_end_matches('/');
    let has_path = url.path() != "/";
    (is_plain && has_path).then(|| address.strip_suffix(".git").unwrap_or(address).to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::is_unprintable;

    #[test]
    fn a_commit_is_a_whole_id() {
        for id in ["0123456789abcdef0123456789abcdef01234567", &"a".repeat(64)] {
            assert_eq!(commit(&id.to_uppercase()).as_deref(), Some(id));
        }
        for text in ["", "main", "0123456", "--upload-pack=x", "../../etc/passwd", &"g".repeat(40), &"0".repeat(41)] {
            assert_eq!(commit(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_a_plain_word() {
        assert_eq!(number("7"), Some("7"));
        assert_eq!(number("PR-7"), Some("PR-7"));
        for text in ["", "-7", "7/head", "../7", "7\n8", "$(id)", &"7".repeat(41)] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_repository_is_known_by_its_https_address_alone_and_without_what_opens_it() {
        let kept = [
            ("https://git.example/acme/shop", "https://git.example/acme/shop"),
            ("https://git.example:8443/group/sub/shop.git/", "https://git.example:8443/group/sub/shop"),
            ("https://mona:s3cret@git.example/acme/shop.git", "https://git.example/acme/shop"),
            ("https://gitlab-ci-token:glcbt-1@git.example/acme/shop.git", "https://git.example/acme/shop"),
            ("https://t0ken@git.example/acme/shop", "https://git.example/acme/shop"),
            ("https://git.example/$(id)", "https://git.example/$(id)"),
        ];
        for (text, address) in kept {
            assert_eq!(web_address(text).as_deref(), Some(address));
        }
        for text in [
            "",
            "http://git.example/acme/shop",
            "git@git.example:acme/shop.git",
            "ssh://git@git.example/acme/shop.git",
            "file:///srv/git/shop",
            "/srv/git/shop",
            "javascript:alert(1)",
            "https://git.example",
            "https://git.example/acme/shop?private_token=s3cret",
            "https://git.example/acme/shop#s3cret",
            "--upload-pack=touch x",
        ] {
            assert_eq!(web_address(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_name_gets_through_that_could_be_anything_but_a_branch(name in "\\PC{0,40}|[a./@{\\-~^:\\\\ \n]{0,12}") {
            if let Some(branch) = branch(&name) {
                prop_assert_eq!(&branch, &name);
                prop_assert!(!branch.contains(is_unprintable) && !branch.contains("..") && !branch.starts_with(['-', '/']));
            }
        }

        #[test]
        fn no_address_keeps_a_password_or_a_line_end(user in "[a-z0-9%\n]{1,8}", word in "[A-Z]{12}") {
            let address = web_address(&format!("https://{user}:{word}@git.example/acme/shop.git"));
            prop_assert!(address.is_none_or(|address| !address.contains(&word) && !address.contains(['\n', '@'])));
        }
    }
}
