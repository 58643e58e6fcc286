//! Grants of clients.

use domain::ports::ClientsTable;
use domain::{ClientId, Grant};

use crate::samples::at;
use crate::world::{World, readable};

fn client(id: &str) -> ClientId {
    id.parse().unwrap()
}

fn grant(id: &str, stores: &str) -> Grant {
    Grant::new(client(id), stores.parse().unwrap(), at("2026-03-12T15:17:00.125Z")).unwrap()
}

#[tokio::test]
async fn a_grant_is_found_by_its_client_and_replaces_the_one_before() {
    let world = World::start().await;
    let grants = world.tables();
    assert_eq!(grants.load_grant(&client("till-7")).await, Ok(None));
    for stores in ["s1", "s2 s3", "*"] {
        let given = grant("till-7", stores);
        grants.put_grant(&given).await.unwrap();
        assert_eq!(grants.load_grant(&client("till-7")).await, Ok(Some(given.clone())));
        assert_eq!(grants.list_grants().await, Ok(vec![given]));
    }
}

#[tokio::test]
async fn all_grants_are_listed_by_client_and_a_revoked_one_is_gone() {
    let world = World::start().await;
    let grants = world.tables();
    // More than one BatchGetItem asks for.
    let all: Vec<Grant> = (0..101).map(|id| grant(&format!("till-{id:03}"), "s1 s2")).collect();
    for grant in all.iter().rev() {
        grants.put_grant(grant).await.unwrap();
    }
    assert_eq!(grants.list_grants().await.as_ref(), Ok(&all));
    for _ in 0..2 {
        grants.remove_grant(&all[0].client_id).await.unwrap();
    }
    assert_eq!(grants.load_grant(&all[0].client_id).await, Ok(None));
    assert_eq!(grants.list_grants().await.unwrap(), all[1..]);
    assert_eq!(world.items("clients").await.len(), 2 * 100, "nothing is left behind");
}

#[tokio::test]
async fn the_stored_form_of_a_grant() {
    let world = World::start().await;
    world.tables().put_grant(&grant("6qr3", "s1 s2")).await.unwrap();
    let items = world.items("clients").await;
    let stores = items[0]["stores"].as_ss().unwrap();
    assert_eq!(stores, &["s1", "s2"]);
    let mut plain = items[0].clone();
    plain.remove("stores");
    assert_eq!(
        readable(&plain),
        "client_id S 6qr3\ngranted_at S 2026-03-12T15:17:00.125Z\npk S client#6qr3\nsk S grant\n"
    );
    assert_eq!(readable(&items[1]), "pk S clients\nsk S 6qr3\n");
}
