//! Workflow commands: the lines on standard output that the runner obeys
//! (docs.github.com, "Workflow commands for GitHub Actions"; escaping as in actions/toolkit, `packages/core/src/command.ts`).

use std::io::{self, Write as _};

use crate::credentials::Secret;
use crate::report::annotations::Annotation;

/// The shortest text that is masked, in characters, as for the redactor. The runner would tear every log and refuse every output
/// that holds a shorter one.
const SHORTEST_MASK: usize = 8;

/// A command as one line, with its line end.
pub(super) fn line(name: &str, properties: &[(&str, &str)], data: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape_property(value))).collect();
    let gap = if properties.is_empty() { "" } else { " " };
    format!("::{name}{gap}{}::{}\n", properties.join(","), escape_data(data))
}

/// The commands that keep a secret out of the log of every later step: one for each of its lines, since a log has lines.
pub(super) fn masks(secret: &Secret) -> String {
    let lines = secret.expose().lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST_MASK);
    lines.map(|secret| line("add-mask", &[], secret)).collect()
}

/// The command that puts an annotation beside the file, or on the run's page where it has none.
pub(super) fn annotation(annotation: &Annotation) -> String {
    let Annotation { level, file, line: first, end_line, title, message } = annotation;
    let (first, last) = (first.map(|line| line.to_string()), end_line.map(|line| line.to_string()));
    let known = [("file", file.as_deref()), ("line", first.as_deref()), ("endLine", last.as_deref())];
    let mut properties: Vec<(&str, &str)> =
        known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    properties.push(("title", title));
    line(level.as_str(), &properties, message)
}

/// Writes commands to standard output. Where that is closed, no runner listens.
pub(super) fn emit(commands: &str) {
    let mut stdout = io::stdout().lock();
    stdout.write_all(commands.as_bytes()).and_then(|()| stdout.flush()).unwrap_or_default();
}

/// What follows the second `::`. A line end would begin a command of its own.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a comma or colon would end.
fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::report::annotations::Level;

    fn masks_of(secret: &str) -> String {
        masks(&Secret::new(secret).unwrap())
    }

    #[test]
    fn a_command_has_the_form_of_the_toolkits() {
        assert_eq!(line("endgroup", &[], ""), "::endgroup::\n");
        assert_eq!(line("group", &[], "100 % a::b"), "::group::100 %25 a::b\n");
        let properties = [("file", "a,b:c%.py"), ("line", "3")];
        assert_eq!(line("error", &properties, "x\r\ny"), "::error file=a%2Cb%3Ac%25.py,line=3::x%0D%0Ay\n");
    }

    #[test]
    fn an_annotation_names_only_what_is_known() {
        let mut one = Annotation {
            level: Level::Warning,
            file: Some("src/a.py".to_owned()),
            line: NonZeroU32::new(3),
            end_line: NonZeroU32::new(5),
            title: "a title".to_owned(),
            message: "one\ntwo".to_owned(),
        };
        assert_eq!(annotation(&one), "::warning file=src/a.py,line=3,endLine=5,title=a title::one%0Atwo\n");
        one = Annotation { level: Level::Notice, file: None, line: None, end_line: None, ..one };
        assert_eq!(annotation(&one), "::notice title=a title::one%0Atwo\n");
    }

    #[test]
    fn a_secret_is_masked_line_by_line_and_a_short_line_is_not() {
        assert_eq!(masks_of("pat_0123456789%"), "::add-mask::pat_0123456789%25\n");
        assert_eq!(masks_of("{\n  \"key\": \"a:b,c\"\r\n}"), "::add-mask::\"key\": \"a:b,c\"\n");
        assert_eq!(masks_of("short"), "");
    }

    proptest! {
        #[test]
        fn no_text_adds_a_line_or_a_property(text in "[:,%=#\\[\\]a\r\n\u{85}\u{2028}]{0,30}") {
            let command = line("error", &[("title", &text)], &text);
            prop_assert_eq!(command.matches(['\n', '\r']).count(), 1);
            let (properties, _) = command.trim_start_matches("::error ").split_once("::").unwrap();
            prop_assert_eq!(properties.split(',').count(), 1);
        }
    }
}
