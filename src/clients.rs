//! `daymark clients`: grants of clients for stores.

use std::process::ExitCode;

use chrono::SecondsFormat;
use clap::{ArgGroup, Args, Subcommand};
use domain::ports::{CatalogTable, ClientsTable};
use domain::{Authority, ClientId, Grant, StoreId};

use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, output};

/// Grant and revoke the access of clients to stores, in a deployed stage
///
/// A client signs in at the user pool: a till, a store's gateway, or a program of the chain. Its
/// tokens name the stores of its grant; events of other stores are refused. A client without a
/// grant can write nothing. On one machine there is no sign-in, and grants have no effect.
#[derive(Debug, Args)]
pub(crate) struct ClientsArgs {
    #[command(subcommand)]
    command: ClientsCommand,
}

#[derive(Debug, Subcommand)]
enum ClientsCommand {
    Grant(GrantArgs),
    List(ClientListArgs),
    Revoke(RevokeArgs),
}

/// Grant a client access to stores; replaces its earlier grant
///
/// The grant takes effect with the client's next token. Issued tokens stay as they are until they
/// expire, twelve hours after they were issued; the setting tillTokenHours changes that.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark clients grant 6qr3tpl8m1 --store 0042 --store 0043
  daymark clients grant 9fk2nb7xw0 --all-stores")]
#[command(group = ArgGroup::new("which").args(["stores", "all_stores"]).required(true))]
struct GrantArgs {
    /// Client id in the user pool
    #[arg(value_name = "CLIENT")]
    client: ClientId,

    /// Store id; repeatable
    #[arg(long = "store", value_name = "STORE")]
    stores: Vec<StoreId>,

    /// All stores, future ones included: for a program of the chain, or for analysts
    #[arg(long)]
    all_stores: bool,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Show the grants
#[derive(Debug, Args)]
struct ClientListArgs {
    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Revoke the grant of a client
///
/// The client's next token names no store. Issued tokens stay valid until they expire, even if the
/// client is deleted from the user pool: twelve hours, or as the setting tillTokenHours says. To
/// stop a group of tills at once, remove it from the setting tillClients and deploy.
#[derive(Debug, Args)]
struct RevokeArgs {
    /// Client id in the user pool
    #[arg(value_name = "CLIENT")]
    client: ClientId,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(crate) async fn run(args: ClientsArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        ClientsCommand::Grant(args) => grant(args).await,
        ClientsCommand::List(args) => list(args).await,
        ClientsCommand::Revoke(args) => revoke(args).await,
    }
}

async fn grant(args: GrantArgs) -> Result<ExitCode, CommandError> {
    let authority = if args.all_stores {
        Authority::everything()
    } else {
        Authority::Stores(args.stores.into_iter().collect())
    };
    let grant = Grant::new(args.client, authority, clock::now())?;
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let before = tables.load_grant(&grant.client_id).await.map_err(explain)?;
    tables.put_grant(&grant).await.map_err(explain)?;
    let before = before.map(|before| format!(", in place of {}", before.authority.summary()));
    let (client_id, stores) = (&grant.client_id, grant.authority.summary());
    output::line(format!("{client_id} may act for {stores}{}", before.unwrap_or_default()));
    if let Authority::Stores(stores) = &grant.authority {
        let known = tables.list_stores().await.map_err(explain)?;
        for unknown in stores.iter().filter(|store| !known.contains(store)) {
            output::note(format!("store {unknown} is not in the catalogue (yet)"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: &[Column] =
    &[Column::Text("client_id"), Column::Text("stores"), Column::Text("granted_at")];

async fn list(args: ClientListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let grants = tables.list_grants().await.map_err(|failure| tables.explain(failure))?;
    if grants.is_empty() {
        output::note("there is no grant; `daymark clients grant` adds one");
    }
    let row = |grant: &Grant| {
        // JSON and CSV have the claim of the token, a table the first stores of a long list.
        let stores = match args.format {
            Format::Table => grant.authority.summary(),
            Format::Json | Format::Ndjson | Format::Csv => grant.authority.to_string(),
        };
        let granted_at = grant.granted_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        vec![grant.client_id.to_string(), stores, granted_at]
    };
    output::rows(args.format, COLUMNS, grants.iter().map(row))?;
    Ok(ExitCode::SUCCESS)
}

async fn revoke(args: RevokeArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let client_id = &args.client;
    let before = tables.load_grant(client_id).await.map_err(explain)?;
    let Some(before) = before else {
        return Err(format!(
            "{client_id} was granted nothing, so there is no grant to revoke; `daymark clients \
             list` shows the grants"
        )
        .into());
    };
    tables.remove_grant(client_id).await.map_err(explain)?;
    let stores = before.authority.summary();
    output::line(format!("{client_id} may act for no store any more; it could for {stores}"));
    Ok(ExitCode::SUCCESS)
}
