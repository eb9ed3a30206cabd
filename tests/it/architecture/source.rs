//! Just enough of Rust's grammar to say which paths a file names: comments and literals blanked, `use` trees spread out,
//! `self` and `super` resolved. Unit-test modules are left out, since the invariants are about what ships.

use std::path::{Path, PathBuf};

/// A source file, or a text that stands for one.
pub(super) struct SourceFile {
    /// From the repository root, with `/`.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    tokens: Vec<Token>,
}

/// A path such as `crate::http::Client`, with the line it stands on.
pub(super) struct NamedPath {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
}

impl NamedPath {
    /// Whether the path is `prefix` or goes on from it.
    pub(super) fn is_under(&self, prefix: &str) -> bool {
        let mut own = self.segments.iter();
        prefix.split("::").all(|part| own.next().is_some_and(|segment| segment == part))
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Token {
    line: usize,
    text: String,
}

impl SourceFile {
    /// A text at a path. The path decides what `super` means and which rules hold.
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), tokens: without_unit_tests(&tokens(&blanked(text))) }
    }

    /// Whether the file is in this folder of `src`, or is its single file.
    pub(super) fn is_in(&self, module: &str) -> bool {
        self.path.starts_with(&format!("src/{module}/")) || self.path == format!("src/{module}.rs")
    }

    /// Every path that the code names, spread out and resolved to the crate's root.
    pub(super) fn paths(&self) -> Vec<NamedPath> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let before = found.len();
            if self.word(at) == "use" {
                at = self.tree(at + 1, &[], &mut found);
            } else if is_word(self.word(at)) {
                at = self.tree(at, &[], &mut found);
                // A single word is a variable, a keyword or a name that a `use` has brought.
                if found.last().is_some_and(|path| path.segments.len() == 1) {
                    found.truncate(before);
                }
            } else {
                at += 1;
            }
            for path in &mut found[before..] {
                self.resolve(path);
            }
        }
        found
    }

    /// The lines on which these tokens stand in a row.
    pub(super) fn lines_with(&self, row: &[&str]) -> Vec<usize> {
        let matches = |window: &&[Token]| window.iter().zip(row).all(|(token, text)| token.text == *text);
        self.tokens.windows(row.len()).filter(matches).map(|window| window[0].line).collect()
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// Reads one path or `use` tree from `at`, and returns where it ends.
    fn tree(&self, mut at: usize, prefix: &[String], found: &mut Vec<NamedPath>) -> usize {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        let mut segments = prefix.to_vec();
        if self.word(at) == "::" {
            at += 1;
        }
        loop {
            match self.word(at) {
                "{" => {
                    at += 1;
                    while !matches!(self.word(at), "}" | "") {
                        at = if self.word(at) == "," { at + 1 } else { self.tree(at, &segments, found).max(at + 1) };
                    }
                    return at + 1;
                }
                word if is_word(word) || word == "*" => segments.push(word.to_owned()),
                _ => break,
            }
            at += 1;
            if self.word(at) != "::" {
                break;
            }
            at += 1;
        }
        if self.word(at) == "as" {
            at += 2;
        }
        found.push(NamedPath { line, segments });
        at
    }

    fn resolve(&self, path: &mut NamedPath) {
        let mut module: Vec<String> =
            self.path.trim_start_matches("src/").trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        module.retain(|part| part != "mod" && part != "lib" && part != "main");
        while let Some(first) = path.segments.first() {
            match first.as_str() {
                "super" => drop(module.pop()),
                "self" => {}
                _ => return,
            }
            path.segments.remove(0);
            if !matches!(path.segments.first().map(String::as_str), Some("super" | "self")) {
                path.segments.splice(0..0, ["crate".to_owned()].into_iter().chain(module));
                return;
            }
        }
    }
}

/// All Rust files under `folder` of this repository, in the order of their paths.
pub(super) fn files_under(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|path| SourceFile::new(&relative(path), &fs_err::read_to_string(path).unwrap())).collect()
}

/// The text with every comment and literal replaced by spaces, line for line.
fn blanked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = end_of_blank(&characters, at);
        for &character in &characters[at..end] {
            code.push(if character == '\n' { '\n' } else { ' ' });
        }
        if end == at {
            code.push(characters[at]);
            at += 1;
        } else {
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself where none begins.
fn end_of_blank(characters: &[char], at: usize) -> usize {
    let rest = &characters[at..];
    let until = |skip: usize, end: &str| find(rest, skip, end).map_or(characters.len(), |found| at + found);
    match rest {
        ['/', '/', ..] => until(2, "\n"),
        ['/', '*', ..] => at + end_of_block_comment(rest),
        ['r', '"' | '#', ..] if at == 0 || !is_word_character(characters[at - 1]) => {
            let hashes = rest[1..].iter().take_while(|&&character| character == '#').count();
            if rest.get(1 + hashes) == Some(&'"') {
                let end = format!("\"{}", "#".repeat(hashes));
                until(2 + hashes, &end) + end.len()
            } else {
                at
            }
        }
        ['"', ..] => at + end_of_quoted(rest, '"'),
        // A lifetime has no second quote: 'a, and not 'a' or '\n'.
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => at + end_of_quoted(rest, '\''),
        _ => at,
    }
}

fn find(characters: &[char], from: usize, wanted: &str) -> Option<usize> {
    let wanted: Vec<char> = wanted.chars().collect();
    (from..characters.len()).find(|&at| characters[at..].starts_with(&wanted))
}

fn end_of_block_comment(characters: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < characters.len() {
        match &characters[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_quoted(characters: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < characters.len() && characters[at] != quote {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(characters.len())
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word_character(first) {
                rest.find(|character| !is_word_character(character)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, after) = rest.split_at(length);
            found.push(Token { line: number + 1, text: text.to_owned() });
            rest = after.trim_start();
        }
    }
    found
}

/// The tokens without the modules under `#[cfg(test)]`.
fn without_unit_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_mark = MARK
            .iter()
            .enumerate()
            .all(|(offset, text)| tokens.get(at + offset).is_some_and(|token| token.text == *text));
        if !is_mark {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => continue,
            }
            if depth == 0 {
                break;
            }
        }
    }
    kept
}
