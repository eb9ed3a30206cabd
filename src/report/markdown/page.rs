//! A page that grows line by line and never beyond its bound.

/// Room that is kept for the last line, which says what is missing, in bytes.
const RESERVE: usize = 512;

/// Lines, up to a number of bytes. What stands first matters most: the first line that does not fit ends the page.
pub(super) struct Page {
    text: String,
    room: usize,
    is_full: bool,
}

impl Page {
    /// An empty page of at most `bytes`, of which the end is kept for [`Page::end`].
    pub(super) fn new(bytes: usize) -> Self {
        Self { text: String::new(), room: bytes.saturating_sub(RESERVE), is_full: false }
    }

    /// Adds a line, if there is room for it and there was for all before. Says whether it did.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let length = line.len() + 1;
        match self.room.checked_sub(length) {
            Some(left) if !self.is_full => {
                self.room = left;
                self.text.push_str(line);
                self.text.push('\n');
                true
            }
            _ => {
                self.is_full = true;
                false
            }
        }
    }

    /// Adds an empty line and a heading.
    pub(super) fn heading(&mut self, heading: &str) {
        self.line("");
        self.line(&format!("### {heading}"));
        self.line("");
    }

    /// Whether a line had to be left out.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The whole text, with these sentences on lines of their own at its end.
    pub(super) fn end(mut self, sentences: &[String]) -> String {
        for sentence in sentences {
            self.text.extend(["\n", sentence, "\n"]);
        }
        self.text
    }
}
