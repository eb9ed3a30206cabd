//! The Common Weakness Enumeration as a SARIF taxonomy: only the classes that a run's rules name.

use std::collections::BTreeSet;

use serde_sarif::sarif::{MultiformatMessageString, ReportingDescriptor, ToolComponent};

/// The name by which rules refer to it.
pub(super) const NAME: &str = "CWE";

/// The taxonomy with the classes of `numbers`.
pub(super) fn weaknesses(numbers: &BTreeSet<u32>) -> ToolComponent {
    let taxa = numbers.iter().map(|&number| {
        let description = MultiformatMessageString::builder().text(format!("Weakness class {}.", weakness_id(number)));
        ReportingDescriptor::builder()
            .id(weakness_id(number))
            .help_uri(weakness_page(number))
            .short_description(description.build())
            .build()
    });
    let description = MultiformatMessageString::builder().text("The MITRE Common Weakness Enumeration.").build();
    ToolComponent::builder()
        .name(NAME)
        .full_name("Common Weakness Enumeration")
        .organization("MITRE")
        .short_description(description)
        .information_uri("https://cwe.mitre.org/data/index.html")
        .is_comprehensive(false)
        .taxa(taxa.collect::<Vec<_>>())
        .build()
}

/// `CWE-89`.
pub(super) fn weakness_id(number: u32) -> String {
    format!("CWE-{number}")
}

/// The page of a class.
pub(super) fn weakness_page(number: u32) -> String {
    format!("https://cwe.mitre.org/data/definitions/{number}.html")
}
