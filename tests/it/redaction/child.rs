//! What a token command is given, and what is shown of what it says.

use super::Stage;
use super::echo::{Act, marked};
use super::trace;

/// Writes down its environment and its arguments, prints a token, and complains in two pieces of one secret.
const SCRIPT: &str = r#"
cat "/proc/$$/environ" > "$1/environment"
cat "/proc/$$/cmdline" > "$1/arguments"
printf '%s\n' "$(cat "$1/token")"
printf 'half of it: %s' "$(head -c 12 "$1/complaint")" >&2
printf '%s\nand in lines: ' "$(tail -c +13 "$1/complaint")" >&2
base64 -w 20 "$1/complaint" >&2
exit "$2"
"#;

#[test]
fn a_token_command_is_given_no_secret_and_its_complaints_show_none() {
    for (exit_code, expected) in [("0", 1), ("3", 3)] {
        let stage = Stage::set("bestdefense", Act::Forward, 0);
        let call = stage.call([]);
        let folder = call.directory();
        let command = format!("/bin/sh {0}/script {0} {exit_code}", folder.display());
        let arguments =
            ["scan", "--platform", "bestdefense", "-vv", "--poll-interval", "100ms", "--token-command", &command];
        // The arguments name the folder that the call itself makes.
        let call = call
            .arguments(arguments)
            .file("script", SCRIPT)
            .file("token", marked("bd_api_token"))
            .file("complaint", marked("github"))
            .without("BD_API_TOKEN");
        let ended = call.run();
        ended.assert_exit_code(expected);
        let secrets = stage.echo.secrets();
        let mut looked_at = 0;
        for (name, content) in ended.everything() {
            if ["work/token", "work/complaint"].contains(&name.as_str()) {
                continue;
            }
            looked_at += usize::from(["work/environment", "work/arguments"].contains(&name.as_str()));
            assert_eq!(trace::find(&content, &secrets), None, "{name}");
        }
        assert_eq!(looked_at, 2, "the command has written down both");
        assert!(expected != 3 || ended.stderr().contains("half of it: ***"), "{}", ended.stderr());
    }
}
