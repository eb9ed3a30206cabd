//! Nothing from the scanned workspace chooses a host, a credential or a command: whatever file lies there, wherever HOME is and
//! whatever a branch is called, the program as a process never calls the trap, never runs what was planted, and shows no secret.
#![expect(clippy::unwrap_used, reason = "a workspace that cannot be planted has failed the test")]

mod branches;
mod workspace;

use scangate::settings::keys;

use crate::served::Served;
use workspace::{Home, Planted};

/// A scan that nothing planted has an effect on: the sandbox finds the one weak line of the workspace.
const AS_EVER: i32 = 1;

/// The error of settings that say what they may not.
const REFUSED: i32 = 2;

/// No credential is to be found.
const NONE: i32 = 3;

/// What a file says that would have the program call the trap, run a command, or take a credential. `@TRAP` is the trap's address,
/// `@RUN` a command that leaves a mark, `@MARK` the file that it leaves, `@ELSEWHERE` a folder outside of the workspace.
struct File {
    path: &'static str,
    content: &'static str,
    /// How a scan ends with it, with a home elsewhere and with the workspace as its home.
    ends: [i32; 2],
}

const fn file(path: &'static str, content: &'static str, ends: [i32; 2]) -> File {
    File { path, content, ends }
}

const HOSTS: &str = "api_url: @TRAP\nauth_url: @TRAP\n";
const VENDORS: &str = "pat: pat_planted_0123456789\napi_url: @TRAP\nauth_endpoint: @TRAP\n";
const LOGIN: &str = r#"{"type":"pat","pat":"pat_planted_0123456789","region":"eu","api_url":"@TRAP","auth_endpoint":"@TRAP","client_id":"c","api_resource":"@TRAP"}"#;
const VARIABLES: &str = "SCANGATE_API_URL=@TRAP\nCYBEDEFEND_API_URL=@TRAP\nCYBEDEFEND_AUTH_ENDPOINT=@TRAP\nSCANGATE_TOKEN_COMMAND=@RUN\n\
                         HTTPS_PROXY=@TRAP\nHTTP_PROXY=@TRAP\nhttp_proxy=@TRAP\nALL_PROXY=@TRAP\nCYBEDEFEND_PAT=pat_planted_0123456789\n";
const GIT: &str = "[url \"@TRAP/\"]\n\tinsteadOf = http://127.0.0.1\n[http]\n\tproxy = @TRAP\n[core]\n\tfsmonitor = @RUN\n\tsshCommand = @RUN\n\
                   \tpager = @RUN\n\teditor = @RUN\n\tgitProxy = @RUN\n\taskPass = @RUN\n[credential]\n\thelper = !@RUN\n[gpg]\n\tprogram = @RUN\n\
                   [filter \"planted\"]\n\tclean = @RUN\n\tsmudge = @RUN\n\tprocess = @RUN\n\trequired = true\n[diff \"planted\"]\n\ttextconv = @RUN\n\
                   [alias]\n\tstatus = !@RUN\n[include]\n\tpath = @ELSEWHERE/gitconfig\n[safe]\n\tdirectory = *\n";

/// Every file by which some program lets a folder or a home choose hosts, credentials or commands.
const FILES: [File; 36] = [
    file("scangate.yml", HOSTS, [REFUSED, REFUSED]),
    file("scangate.yml", "token_command: @RUN\n", [REFUSED, REFUSED]),
    file("scangate.yml", "token_file: app.py\n", [REFUSED, REFUSED]),
    file("scangate.yml", "pat: pat_planted_0123456789\n", [REFUSED, REFUSED]),
    file("scangate.yml", "platforms:\n- platform: cybedefend\n  api_url: @TRAP\n", [REFUSED, REFUSED]),
    file("scangate.yml", "platforms:\n- platform: cybrium\n  name: cybedefend\n", [REFUSED, REFUSED]),
    file("scangate.yml", "config: elsewhere.yml\n", [REFUSED, REFUSED]),
    file("scangate.yml", "dir: @ELSEWHERE\n", [REFUSED, REFUSED]),
    file("scangate.yml", "report: ['json=@ELSEWHERE/out.json']\n", [REFUSED, REFUSED]),
    file("scangate.yml", "report: ['json=.git/hooks/post-checkout']\n", [REFUSED, REFUSED]),
    file("scangate.yaml", HOSTS, [AS_EVER, AS_EVER]),
    file(".scangate.yml", HOSTS, [AS_EVER, AS_EVER]),
    file(".scangate/config.yml", HOSTS, [AS_EVER, AS_EVER]),
    file(".scangate/credentials.json", LOGIN, [AS_EVER, AS_EVER]),
    file("config.yml", VENDORS, [AS_EVER, AS_EVER]),
    file("config.yaml", VENDORS, [AS_EVER, AS_EVER]),
    file("config.json", LOGIN, [AS_EVER, AS_EVER]),
    file(".cybedefend/config.yml", VENDORS, [AS_EVER, REFUSED]),
    file(".cybedefend/config.yaml", VENDORS, [AS_EVER, REFUSED]),
    file(".cybedefend/config.yml", "api_url: @TRAP\n", [AS_EVER, REFUSED]),
    file(".cybedefend/config.yml", "project_id: planted\nbranch: --api-url=@TRAP\n", [AS_EVER, REFUSED]),
    file(".cybedefend/credentials.json", LOGIN, [AS_EVER, AS_EVER]),
    file(".config/scangate/config.yml", HOSTS, [AS_EVER, REFUSED]),
    file(".config/scangate/config.yml", "token_command: @RUN\n", [AS_EVER, REFUSED]),
    file(".config/scangate/credentials.json", LOGIN, [AS_EVER, AS_EVER]),
    file(".env", VARIABLES, [AS_EVER, AS_EVER]),
    file(".envrc", VARIABLES, [AS_EVER, AS_EVER]),
    file(".netrc", "machine 127.0.0.1 login planted password planted_0123456789\n", [AS_EVER, AS_EVER]),
    file(".curlrc", "proxy = @TRAP\ninsecure\n", [AS_EVER, AS_EVER]),
    file(".npmrc", "registry=@TRAP\nproxy=@TRAP\nhttps-proxy=@TRAP\n", [AS_EVER, AS_EVER]),
    file(".gitconfig", GIT, [AS_EVER, AS_EVER]),
    file(".git/config", GIT, [AS_EVER, AS_EVER]),
    file(".git/hooks/post-index-change", "#!/bin/sh\n@RUN\n", [AS_EVER, AS_EVER]),
    file(".gitattributes", "* filter=planted diff=planted merge=planted\n", [AS_EVER, AS_EVER]),
    file(".ssh/config", "Host *\n\tProxyCommand @RUN\n", [AS_EVER, AS_EVER]),
    file(
        ".pki/ca-certificates.crt",
        "-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----\n",
        [AS_EVER, AS_EVER],
    ),
];

#[test]
fn no_file_of_the_workspace_chooses_a_host_a_credential_or_a_command() {
    let served = Served::with_faults(&[]);
    for File { path, content, ends } in FILES {
        let of_home = Planted::new(Home::Workspace).file(path, content);
        of_home.scan(&served).assert_ends(ends[1], path);
        // The others have no effect together, which is tried below.
        if ends[0] != AS_EVER {
            Planted::new(Home::Elsewhere).file(path, content).scan(&served).assert_ends(ends[0], path);
        }
    }
}

#[test]
fn a_home_that_is_scanned_is_no_place_of_ones_own_even_where_no_repository_says_so() {
    let served = Served::with_faults(&[]);
    for File { path, content, ends } in FILES.into_iter().filter(|file| !file.path.starts_with(".git/")) {
        let planted = Planted::new(Home::Workspace).without_repository().file(path, content);
        planted.scan(&served).assert_ends(ends[1], path);
    }
    let stored = FILES.iter().find(|file| file.path == ".cybedefend/credentials.json").unwrap();
    let planted = Planted::new(Home::Workspace).without_repository().without_credential();
    let after = planted.file(stored.path, stored.content).scan(&served);
    after.assert_ends(NONE, stored.path);
    assert!(after.stderr().contains("a stored login is not used: "), "{}", after.stderr());
}

#[test]
fn nor_does_any_setting_that_is_closed_to_it_at_any_depth() {
    let served = Served::with_faults(&[]);
    for key in keys::ALL.iter().filter(|key| key.trusted_only) {
        let value = match key.name {
            "token-command" => "@RUN",
            "path" | "state" | "on" => "{a: b}",
            _ => "@TRAP",
        };
        let name = key.file_name();
        let entry = format!("platforms:\n- platform: cybedefend\n  {name}: {value}\n");
        for content in [format!("{name}: {value}\n"), entry] {
            Planted::new(Home::Elsewhere).file("scangate.yml", &content).scan(&served).assert_ends(REFUSED, &content);
        }
    }
}

#[test]
fn all_that_has_no_effect_has_none_together() {
    let served = Served::with_faults(&[]);
    for home in [Home::Elsewhere, Home::Workspace] {
        let at = usize::from(home == Home::Workspace);
        let harmless = FILES.iter().filter(|file| file.ends[at] == AS_EVER);
        let plant = || harmless.clone().fold(Planted::new(home), |planted, file| planted.file(file.path, file.content));
        plant().scan(&served).assert_ends(AS_EVER, "all together");
        plant().api(&served).assert_ends(0, "all together");
    }
}

#[test]
fn without_a_credential_of_ones_own_the_workspace_brings_none() {
    let served = Served::with_faults(&[]);
    let stored = [".cybedefend/credentials.json", ".config/scangate/credentials.json", ".scangate/credentials.json"];
    let files = [".env", ".netrc", "config.yml", ".scangate/config.yml"];
    for home in [Home::Elsewhere, Home::Workspace] {
        for path in stored.into_iter().chain(files) {
            let file = FILES.iter().find(|file| file.path == path).unwrap();
            let plant = || Planted::new(home).without_credential().file(path, file.content);
            plant().scan(&served).assert_ends(NONE, path);
            plant().api(&served).assert_ends(NONE, path);
        }
    }
}

#[test]
fn a_single_call_believes_the_workspace_no_more_than_a_scan_does() {
    let served = Served::with_faults(&[]);
    for File { path, content, ends } in FILES {
        let as_of_a_scan = |code: i32| if code == AS_EVER { 0 } else { code };
        let of_home = Planted::new(Home::Workspace).file(path, content);
        of_home.api(&served).assert_ends(as_of_a_scan(ends[1]), path);
        if ends[0] != AS_EVER {
            Planted::new(Home::Elsewhere).file(path, content).api(&served).assert_ends(ends[0], path);
        }
    }
}

#[test]
fn a_link_makes_nothing_outside_of_the_workspace_its_own_and_nothing_in_it_trusted() {
    let served = Served::with_faults(&[]);
    for (link, target, ends) in [
        // What is linked to is the same file, and named by whoever made the link.
        ("scangate.yml", "@ELSEWHERE/own.yml", REFUSED),
        ("scangate.yml", "planted.yml", REFUSED),
        ("scangate.yml", "@ELSEWHERE/missing.yml", REFUSED),
        ("scangate.yml", "/dev/zero", REFUSED),
        // The archive follows no link.
        ("stolen", "@ELSEWHERE/secret", AS_EVER),
        ("folder", "@ELSEWHERE", AS_EVER),
        ("scangate.sarif", "@ELSEWHERE/secret", AS_EVER),
        ("scangate-outcome.json", "@ELSEWHERE/secret", AS_EVER),
    ] {
        let planted = Planted::new(Home::Elsewhere).file("planted.yml", HOSTS).link(link, target);
        let ended = planted.scan(&served);
        ended.assert_ends(ends, link);
        assert_eq!(ended.elsewhere("secret"), workspace::SECRET, "{link} was written through");
    }
    // A home whose own folder leads back into the workspace.
    for folder in [".config", ".cybedefend"] {
        let (path, content) =
            if folder == ".config" { ("scangate/config.yml", HOSTS) } else { ("config.yml", VENDORS) };
        let planted = Planted::new(Home::Elsewhere).file(&format!("planted/{path}"), content);
        planted.link_home(folder, "planted").scan(&served).assert_ends(REFUSED, folder);
    }
}

#[test]
fn a_repository_that_lies_elsewhere_brings_no_settings_with_it() {
    let served = Served::with_faults(&[]);
    for pointer in ["gitdir: @ELSEWHERE/repository\n", "gitdir: ../../../../../../etc\n", "gitdir: \n", "@RUN\n"] {
        let planted = Planted::new(Home::Elsewhere).without_repository().file(".git", pointer);
        let ended = planted.scan(&served);
        assert!([AS_EVER, REFUSED].contains(&ended.exit_code()), "{pointer}");
        ended.assert_ends(ended.exit_code(), pointer);
    }
    let planted = Planted::new(Home::Elsewhere).without_repository().file(".git", "gitdir: @ELSEWHERE/repository\n");
    planted.file("scangate.yml", HOSTS).scan(&served).assert_ends(REFUSED, "settings beside a pointer");
}

#[test]
fn the_trap_and_the_mark_would_have_told() {
    let served = Served::with_faults(&[]);
    let planted = Planted::new(Home::Elsewhere);
    let trap = planted.filled("@TRAP");
    let called = planted.run(served.scan(&["--api-url", &trap, "--auth-url", &trap, "--timeout", "5s"]));
    assert!(called.was_trapped());
    let planted = Planted::new(Home::Elsewhere);
    let command = planted.filled("@RUN");
    let ran = planted.run(served.scan(&["--token-command", &command]));
    assert!(ran.has_run());
}
