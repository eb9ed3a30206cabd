//! The last line of a terminal, which says how a run stands and makes room for what is printed.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// To the beginning of the line, and all of it erased (ECMA-48, "erase in line").
const ERASE: &str = "\r\u{1b}[2K";
/// Around a text that is longer than the line, so that the terminal cuts it: what is wrapped could not be erased (DEC private mode 7).
const UNWRAPPED: [&str; 2] = ["\u{1b}[?7l", "\u{1b}[?7h"];

/// The line, and what it is written to.
pub(super) struct StatusLine(Mutex<Shown>);

struct Shown {
    out: Box<dyn Write + Send>,
    text: String,
}

impl StatusLine {
    /// A line that is empty so far.
    pub(super) fn new(out: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Shown { out: Box::new(out), text: String::new() }))
    }

    /// Shows one line of neutral text in place of the last.
    pub(super) fn set(&self, text: String) {
        let mut shown = self.lock();
        shown.text = text;
        shown.draw();
    }

    /// Prints what is more than a status, and shows the line again below it.
    pub(super) fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut shown = self.lock();
        let is_shown = !shown.text.is_empty();
        if is_shown {
            shown.write(ERASE);
        }
        let printed = print();
        if is_shown {
            shown.draw();
        }
        printed
    }

    /// Shows nothing any more.
    pub(super) fn clear(&self) {
        let mut shown = self.lock();
        if !std::mem::take(&mut shown.text).is_empty() {
            shown.write(ERASE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn draw(&mut self) {
        let [begin, end] = UNWRAPPED;
        let line = format!("{ERASE}{begin}{}{end}", self.text);
        self.write(&line);
    }

    /// A terminal that has gone away is no reason to end a run.
    fn write(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A terminal that keeps what is written to it.
    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Terminal {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_status_replaces_the_last_and_makes_room_for_what_is_printed() {
        let terminal = Terminal::default();
        let line = StatusLine::new(terminal.clone());
        line.set("scan queued".to_owned());
        line.set("scan running 40 %".to_owned());
        let drawn = |text: &str| format!("\r\u{1b}[2K\u{1b}[?7l{text}\u{1b}[?7h");
        assert_eq!(terminal.take(), drawn("scan queued") + &drawn("scan running 40 %"));
        let mut other = terminal.clone();
        line.beside(|| other.write_all(b"note: slow\n")).unwrap();
        assert_eq!(terminal.take(), format!("\r\u{1b}[2Knote: slow\n{}", drawn("scan running 40 %")));
    }

    #[test]
    fn a_line_that_is_cleared_or_was_never_set_leaves_no_trace() {
        let terminal = Terminal::default();
        let line = StatusLine::new(terminal.clone());
        line.beside(|| ());
        line.clear();
        assert_eq!(terminal.take(), "");
        line.set("scan done".to_owned());
        terminal.take();
        line.clear();
        line.beside(|| ());
        assert_eq!(terminal.take(), "\r\u{1b}[2K");
    }
}
