//! The two routes that need no token (contract sections 1.2 and 3.5).

use axum::Json;
use serde_json::Value;

use super::Emulator;
use crate::sandbox::call::Call;
use crate::sandbox::json::json;

/// `GET /`: which service this is.
pub(super) fn root(_emulator: &Emulator, _call: &Call) -> Json<Value> {
    Json(json!({
        "service": "cybedefend-sandbox", "version": env!("CARGO_PKG_VERSION"), "commit": "",
        "environment": "sandbox", "deploymentEnv": "loopback",
    }))
}

/// `GET /client-apps`: the ids of the client applications, of which only `cli` may exchange a PAT.
pub(super) fn client_apps(emulator: &Emulator, _call: &Call) -> Json<Value> {
    let ids = &emulator.client_ids;
    let mut apps = json!({
        "cli": { "appId": ids.cli }, "vscode": { "appId": ids.vscode }, "intellij": { "appId": ids.intellij },
    });
    if let (Some(resource), Some(apps)) = (&emulator.options.resource, apps.as_object_mut()) {
        apps.insert("logtoResource".to_owned(), json!(resource));
    }
    Json(apps)
}
