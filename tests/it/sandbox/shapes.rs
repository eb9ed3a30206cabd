//! Answers that other clients of the platform decode more strictly than ours does.

use serde_json::{Value, json};

use super::wire::{CARELESS, Session, send};

/// Everything in `object` that is null, by its name.
fn nulls(object: &Value) -> Vec<&str> {
    let fields = object.as_object().unwrap().iter();
    fields.filter(|(_, value)| value.is_null()).map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn a_container_list_knows_the_paging_keys_of_the_vendors_own_client_too() {
    let session = Session::start(&[]).await;
    session.call("POST", "/project/{p}/scan/container/start", r#"{"imageToScan":"node:18"}"#).await;
    session.clock.advance(std::time::Duration::from_secs(30));
    let second = session.list("container", "?pageNumber=2&pageSizeNumber=2").await;
    assert_eq!((&second["page"], &second["limit"], &second["totalPages"]), (&json!(2), &json!(2), &json!(2)));
    let documented = session.list("container", "?pageNumber=1&pageSizeNumber=100&page=2&limit=2").await;
    assert_eq!(second, documented, "its documented keys weigh more");
}

#[tokio::test]
async fn a_grouped_list_repeats_what_it_did_and_sorts_as_it_is_told() {
    let session = Session::start(&["many=60"]).await;
    session.scan("main", CARELESS).await;
    let grouped = async |query: &str| session.get(&format!("/project/{{p}}/results/sast/grouped{query}")).await.json();
    let counts = |list: &Value| -> Vec<u64> {
        let groups = list["groupedVulnerabilities"].as_array().unwrap().iter();
        groups.map(|group| group["occurrenceCount"].as_u64().unwrap()).collect()
    };
    let plain = grouped("").await;
    assert_eq!((&plain["sort"], &plain["order"]), (&json!("occurrenceCount"), &json!("DESC")));
    assert_eq!((&plain["severity"], &plain["priority"], &plain["status"]), (&json!([]), &json!([]), &json!([])));
    assert!(counts(&plain).is_sorted_by(|left, right| left >= right), "{:?}", counts(&plain));
    let rare = grouped("?sort=occurrenceCount&order=asc").await;
    assert!(counts(&rare).is_sorted(), "{:?}", counts(&rare));
    assert_eq!(rare["order"], "asc");
    let worst = grouped("?sort=highestSeverity&order=DESC&statusFilter=to_verify").await;
    assert_eq!(worst["groupedVulnerabilities"][0]["highestSeverity"], "critical");
    assert_eq!(worst["status"], json!(["to_verify"]));
    for query in ["?sort=name", "?order=up"] {
        assert_eq!(session.get(&format!("/project/{{p}}/results/sast/grouped{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_projects_of_the_organisation_are_listed() {
    let session = Session::start(&[]).await;
    let organisation = session.get("/organizations").await.json()[0]["id"].as_str().unwrap().to_owned();
    let list = session.get(&format!("/organization/{organisation}/projects?page=1&pageSize=10")).await.json();
    assert_eq!((&list["totalProjects"], &list["totalPages"]), (&json!(1), &json!(1)));
    let project = &list["projects"][0];
    assert_eq!((&project["projectId"], &project["name"]), (&json!(session.server.project_id()), &json!("sandbox")));
    assert!(project["teamId"].is_string() && list["mainStatistics"].is_object(), "{list}");
    let searched = session.get(&format!("/organization/{organisation}/projects?search=other")).await.json();
    assert_eq!((&searched["totalProjects"], &searched["projects"]), (&json!(0), &json!([])));
    let beyond = session.get(&format!("/organization/{organisation}/projects?page=2")).await.json();
    assert_eq!((&beyond["totalProjects"], &beyond["projects"]), (&json!(1), &json!([])));
    for (query, status) in [("?pageSize=11", 400), ("?page=0", 400), ("", 200)] {
        assert_eq!(
            session.get(&format!("/organization/{organisation}/projects{query}")).await.status,
            status,
            "{query}"
        );
    }
    assert_eq!(session.get("/organization/00000000-0000-4000-8000-000000000000/projects").await.status, 404);
}

#[tokio::test]
async fn texts_that_are_not_known_are_empty_where_the_contract_shows_a_text() {
    let session = Session::start(&[]).await;
    session.scan("main", CARELESS).await;
    let root = send("GET", &format!("{}/", session.server.api_url()), &[], "").await.unwrap().json();
    assert_eq!(nulls(&root), [""; 0]);
    let sca = session.list("sca", "?severity=critical").await;
    let row = &sca["vulnerabilities"][0];
    assert_eq!(nulls(&row["metadata"]), [""; 0]);
    assert_eq!(row["autofixRecords"][0]["installCommand"], "pip install PyYAML==5.4");
    let scan = session.call("POST", "/project/{p}/scan/container/start", r#"{"imageToScan":"node:18"}"#).await.json();
    assert_eq!(session.status(scan["scanId"].as_str().unwrap()).await["name"], "scan of node:18");
}
