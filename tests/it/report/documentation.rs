use std::path::Path;

use scangate::ci::github::outputs;
use scangate::error::Class;
use scangate::report::Format;

fn page(name: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

#[test]
fn the_page_of_exit_codes_lists_every_class_in_its_order() {
    let page = page("exit-codes.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let documented: Vec<[String; 3]> =
        rows.iter().map(|cells| [cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned()]).collect();
    let coded: Vec<[String; 3]> = Class::IN_ORDER
        .into_iter()
        .map(|class| {
            let softened = match (class.exit_code(), class.can_be_softened()) {
                (0, _) => "",
                (_, true) => "yes",
                (_, false) => "no",
            };
            [format!("`{class}`"), class.exit_code().to_string(), softened.to_owned()]
        })
        .collect();
    assert_eq!(documented, coded);
}

#[test]
fn the_page_of_reports_names_every_format() {
    let page = page("reports.md");
    for format in Format::ALL {
        assert!(page.contains(&format!("\n## `{format}`")), "{format}");
    }
}

#[test]
fn the_page_of_reports_lists_every_step_output_in_its_order() {
    let page = page("reports.md");
    let table = page.split("| output | what it is |\n|---|---|\n").nth(1).unwrap_or_default();
    let documented: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let coded: Vec<String> =
        outputs::ALL.iter().map(|output| format!("| `{}` | {} |", output.name, output.description)).collect();
    assert_eq!(documented, coded);
}
