//! Pages as Django REST Framework cuts them (contract section 4.2).

use axum::http::{StatusCode, Uri};
use serde_json::Value;
use url::form_urlencoded;

use super::Emulator;
use super::fault::CybriumFault;
use super::refusal::Refusal;
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::query;

/// Rows of a page that says nothing else, and the most that a page may have.
const USUAL: usize = 50;
const MOST: usize = 100;

/// The page of `rows` that a request wants, with links to its neighbours.
pub(super) fn page(emulator: &Emulator, uri: &Uri, rows: &[Value]) -> Result<Value, Refusal> {
    let number = |name: &str| query::value(uri.query(), name).map(|text| text.parse::<usize>().unwrap_or(0));
    let size = number("page_size").filter(|size| *size > 0).unwrap_or(USUAL).min(MOST);
    let page = number("page").unwrap_or(1);
    let pages = rows.len().div_ceil(size).max(1);
    if page == 0 || page > pages {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "Invalid page."));
    }
    let items: Vec<_> = rows.iter().skip((page - 1) * size).take(size).collect();
    let next = (page < pages).then(|| next(emulator, uri, page + 1));
    let previous = (page > 1).then(|| link(&emulator.origin, uri, page - 1));
    let count = rows.len() + emulator.core.faults.claimed();
    Ok(json!({ "count": count, "next": next, "previous": previous, "results": items }))
}

/// Where the next page is, unless a fault knows another place.
fn next(emulator: &Emulator, uri: &Uri, page: usize) -> String {
    let faults = &emulator.core.faults;
    let foreign = faults.find(|kind| match kind {
        Kind::Cybrium(CybriumFault::ForeignNext(url)) => Some(url.clone()),
        _ => None,
    });
    if let Some(foreign) = foreign {
        return foreign;
    }
    let page = if faults.has(CybriumFault::RepeatedNext) { 1 } else { page };
    link(if faults.has(CybriumFault::RelativeNext) { "" } else { &emulator.origin }, uri, page)
}

/// The request's own address with another page.
fn link(origin: &str, uri: &Uri, page: usize) -> String {
    let old = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).filter(|(name, _)| name != "page");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(old)
        .append_pair("page", &page.to_string())
        .finish();
    format!("{origin}{}?{query}", uri.path())
}
