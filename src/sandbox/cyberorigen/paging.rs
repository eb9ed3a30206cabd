//! Pages of a list (contract sections 3 and 4.1).

use serde_json::Value;

use super::Emulator;
use super::fault::CyberOrigenFault;
use super::refusal::Refusal;
use crate::sandbox::json::json;
use crate::sandbox::query;

/// The page that a request wants.
#[derive(Clone, Copy)]
pub(super) struct Page {
    number: usize,
    rows: usize,
}

impl Page {
    /// Reads `page` and `per_page`. A page that is too large is made smaller without a word.
    pub(super) fn read(emulator: &Emulator, raw: Option<&str>) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match query::value(raw, name).map(|text| text.parse::<usize>()) {
            None => Ok(default),
            Some(Ok(number)) if number > 0 => Ok(number),
            Some(_) => Err(emulator.invalid(name, "Input should be greater than or equal to 1")),
        };
        let most = if emulator.core.faults.has(CyberOrigenFault::Clamp) { 50 } else { 100 };
        Ok(Self { number: number("page", 1)?, rows: number("per_page", 20)?.min(most) })
    }
}

/// A page of `rows`, of which there are said to be `total`.
pub(super) fn page(emulator: &Emulator, page: Page, rows: &[Value], total: usize) -> Value {
    let items: Vec<_> = rows.iter().skip((page.number - 1).saturating_mul(page.rows)).take(page.rows).collect();
    let faults = &emulator.core.faults;
    if faults.has(CyberOrigenFault::BarePages) {
        return json!(items);
    }
    let mut body = json!({
        "items": items, "total": total, "page": page.number, "per_page": page.rows, "pages": total.div_ceil(page.rows),
    });
    let left_out: &[&str] = if faults.has(CyberOrigenFault::NoTotals) {
        &["total", "per_page", "pages"]
    } else if faults.has(CyberOrigenFault::NoPages) {
        &["pages"]
    } else {
        &[]
    };
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| !left_out.contains(&name.as_str()));
    }
    body
}
