//! Archives a tree and says how long it took: `cargo bench --bench archive -- DIRECTORY [ARCHIVE]` (docs/benchmarks.md).

#![expect(clippy::print_stdout, reason = "a program of its own, for people at a terminal")]

use std::error::Error;
use std::path::Path;

use scangate::clock::Clock;
use scangate::scan::archive::{self, Options};

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench` to what the user gives.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(directory) = arguments.next() else {
        println!("usage: cargo bench --bench archive -- DIRECTORY [ARCHIVE]");
        return Ok(());
    };
    let clock = Clock::system();
    let start = clock.monotonic();
    let options = Options { directory: Path::new(&directory), untracked: false, ignore_rules: "", own_files: &[] };
    let selection = archive::select(&options)?;
    let selected = clock.monotonic();
    let file = archive::temporary(None)?;
    let summary = archive::write(&selection, file.as_file())?;
    let written = clock.monotonic();
    println!(
        "{} files, {} bytes, archived in {:.2} s (selection {:.2} s) to {} bytes",
        summary.entries,
        selection.bytes(),
        written.saturating_sub(start).as_secs_f64(),
        selected.saturating_sub(start).as_secs_f64(),
        summary.bytes
    );
    if let Some(path) = arguments.next() {
        file.persist(path)?;
    }
    Ok(())
}
