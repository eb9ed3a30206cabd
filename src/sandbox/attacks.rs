//! Texts that attack whoever shows them, for the fault `hostile-text`: each dialect puts them into findings of its own shape.

/// A title, a longer text, and what stands where code or evidence is expected.
pub(super) struct Attack {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) evidence: &'static str,
}

/// All of them.
pub(super) const ALL: [&Attack; 6] = [&RUNNER, &TERMINAL, &MARKUP, &SPREADSHEET, &EMPTY, &ENCODED];

/// Commands to a CI runner.
pub(super) const RUNNER: Attack = Attack {
    title: "::error file=app.py::injected by a finding\n::set-output name=result::passed",
    text: "##[error]injected\r\n##vso[task.complete result=Succeeded]\n::add-mask::a\n::stop-commands::token",
    evidence: "::warning::from the code",
};

/// Escapes for a terminal, and marks that change the direction of text.
pub(super) const TERMINAL: Attack = Attack {
    title: "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[31mred\u{1b}[0m",
    text: "back\u{8}space, bell\u{7}, bidirectional \u{202e}txet\u{202c}, zero\u{200b}width, null\u{0}byte, lone\rreturn",
    evidence: "\u{9b}31m",
};

/// HTML, XML and Markdown.
pub(super) const MARKUP: Attack = Attack {
    title: "<script>alert(1)</script><img src=x onerror=alert(1)>",
    text: "</script><!-- ]]> & \" ' `` | ||\n\n# heading\n[click](javascript:alert(1)) ![pixel](https://collector.example.net/p.png)\n</details>",
    evidence: "]]></system-out>",
};

/// Formulas.
pub(super) const SPREADSHEET: Attack = Attack {
    title: "=HYPERLINK(\"https://collector.example.net\",\"open\")",
    text: "@SUM(1+1)*cmd|' /C calc'!A0\n+1+1\n-1\n\tTab first",
    evidence: "password = \"hunter2-hunter2\"",
};

/// Nothing where something is expected.
pub(super) const EMPTY: Attack = Attack { title: "", text: "", evidence: "" };

/// Markup of tables, a word that does not end, and percent-encoding.
pub(super) const ENCODED: Attack = Attack {
    title: "name with `backticks`, | pipes |, *stars* and a very long word: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    text: "%0A::error::percent-encoded %25 and %0D",
    evidence: "x = 1",
};
