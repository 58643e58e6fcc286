//! `daymark clients`: which client may act for which stores.

use std::process::ExitCode;

use chrono::SecondsFormat;
use clap::{ArgGroup, Args, Subcommand};
use domain::ports::{CatalogTable, ClientsTable};
use domain::{Authority, ClientId, Grant, StoreId};

use crate::output::{Column, Format};
use crate::{Failed, clock, connect, output};

/// Say which client of a deployed stage may act for which stores
///
/// A client is what signs in at the user pool: a till, a store's gateway, a program of the chain.
/// Its tokens name the stores that it was granted, and events of other stores are refused. A client
/// that was granted nothing can write nothing. On one machine nobody signs in, and nothing here
/// has an effect.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Grant(GrantFlags),
    List(ListFlags),
    Revoke(RevokeFlags),
}

/// Grant a client stores, in place of what it was granted before
///
/// It counts from the client's next token on; those that it has stay as they are until they expire,
/// twelve hours after they were issued unless the setting tillTokenHours says otherwise.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark clients grant 6qr3tpl8m1 --store 0042 --store 0043
  daymark clients grant 9fk2nb7xw0 --all-stores")]
#[command(group = ArgGroup::new("which").args(["stores", "all_stores"]).required(true))]
struct GrantFlags {
    /// The client, by its id in the user pool
    #[arg(value_name = "CLIENT")]
    client: ClientId,

    /// A store; several are named one by one
    #[arg(long = "store", value_name = "STORE")]
    stores: Vec<StoreId>,

    /// All stores, also those that are still to come: for a program of the chain, or for analysts
    #[arg(long)]
    all_stores: bool,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// Show what each client was granted
#[derive(Debug, Args)]
struct ListFlags {
    /// How to print
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// Take back what a client was granted
///
/// Its next token names no store. A token that was issued stays good for as long as it lives,
/// twelve hours unless the setting tillTokenHours says otherwise, also when the client is deleted
/// from the user pool. To stop a group of tills at once, take it out of the setting tillClients
/// and deploy.
#[derive(Debug, Args)]
struct RevokeFlags {
    /// The client, by its id in the user pool
    #[arg(value_name = "CLIENT")]
    client: ClientId,

    #[command(flatten)]
    tables: connect::TableFlags,
}

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    match flags.verb {
        Verb::Grant(flags) => grant(flags).await,
        Verb::List(flags) => list(flags).await,
        Verb::Revoke(flags) => revoke(flags).await,
    }
}

async fn grant(flags: GrantFlags) -> Result<ExitCode, Failed> {
    let authority = if flags.all_stores {
        Authority::everything()
    } else {
        Authority::Stores(flags.stores.into_iter().collect())
    };
    let grant = Grant::new(flags.client, authority, clock::now())?;
    let tables = flags.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let before = tables.load_grant(&grant.client_id).await.map_err(explain)?;
    tables.put_grant(&grant).await.map_err(explain)?;
    let before = before.map(|before| format!(", in place of {}", before.authority.told()));
    let (client_id, stores) = (&grant.client_id, grant.authority.told());
    output::line(format!("{client_id} may act for {stores}{}", before.unwrap_or_default()));
    if let Authority::Stores(stores) = &grant.authority {
        let known = tables.list_stores().await.map_err(explain)?;
        for strange in stores.iter().filter(|store| !known.contains(store)) {
            output::note(format!("store {strange} is not in the catalogue (yet)"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: &[Column] =
    &[Column::Text("client_id"), Column::Text("stores"), Column::Text("granted_at")];

async fn list(flags: ListFlags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let grants = tables.list_grants().await.map_err(|failure| tables.explain(failure))?;
    if grants.is_empty() {
        output::note("no client was granted anything; daymark clients grant does it");
    }
    let row = |grant: &Grant| {
        // Programs are told the claim, people the beginning of a long list.
        let stores = match flags.format {
            Format::Table => grant.authority.told(),
            Format::Json | Format::Csv => grant.authority.to_string(),
        };
        let granted_at = grant.granted_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        vec![grant.client_id.to_string(), stores, granted_at]
    };
    output::rows(flags.format, COLUMNS, &grants.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

async fn revoke(flags: RevokeFlags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let client_id = &flags.client;
    let before = tables.load_grant(client_id).await.map_err(explain)?;
    let Some(before) = before else {
        return Err(format!(
            "{client_id} was granted nothing, so there is nothing to take back; `daymark clients \
             list` shows who was granted what"
        )
        .into());
    };
    tables.remove_grant(client_id).await.map_err(explain)?;
    let stores = before.authority.told();
    output::line(format!("{client_id} may act for no store any more; it could for {stores}"));
    Ok(ExitCode::SUCCESS)
}
