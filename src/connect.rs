//! Connection to the tables, on this machine or in a deployed stage.

mod age;
mod location;

use std::ops::Deref;
use std::sync::Arc;

use aws::EventStream;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use domain::ports::{CatalogTable, Failure, StockLog};
use domain::{Sku, StockWindow, Store, StoreId};
use import::nearest;
use processors::{Closing, Processor};
use stock_log::{UnreadableSegment, WindowsRead};

use crate::{CommandError, clock, output};
pub(crate) use age::AgeArgs;
use location::TablesLocation;
pub(crate) use location::affects_all_calls;

/// Default port of the ingest API. Kinesis and DynamoDB have the next two ports.
pub(crate) const PORT: u16 = 7400;
/// Highest port of the ingest API: two ports follow it.
pub(crate) const PORT_MAX: u16 = u16::MAX - 2;
/// Maximum characters in the name of a stage, as in the deployment.
const STAGE_CHARS_MAX: usize = 16;

/// Flags for the location of the tables of this machine.
#[derive(Debug, Args)]
pub(crate) struct LocalTableArgs {
    /// URL of the DynamoDB endpoint, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_DYNAMODB_URL",
        default_value = "http://127.0.0.1:7402",
        value_name = "URL"
    )]
    dynamodb_url: String,
}

/// Flags for the location of the tables.
#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    #[command(flatten)]
    local: LocalTableArgs,

    /// Use the tables of a deployed stage, like prod, instead of this machine. Region and
    /// credentials come from the environment, from a profile (keys, an assumed role,
    /// credential_process), from a web identity or from the role of the machine. For single
    /// sign-on, run `eval "$(aws configure export-credentials --format env)"` first
    #[arg(
        long,
        env = "DAYMARK_STAGE",
        value_name = "STAGE",
        value_parser = stage,
        conflicts_with = "dynamodb_url"
    )]
    stage: Option<String>,
}

/// Parses the name of a stage by the rule of the deployment.
pub(crate) fn stage(given: &str) -> Result<String, String> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    let rest = |c: char| is_letter(c) || c.is_ascii_digit();
    if given.starts_with(is_letter) && given.chars().all(rest) && given.len() <= STAGE_CHARS_MAX {
        Ok(given.to_owned())
    } else {
        Err(format!("expected 1 to {STAGE_CHARS_MAX} of a-z and 0-9, the first a letter"))
    }
}

/// The tables, read and written by the same code as in a Lambda function, and their location for
/// error messages.
pub(crate) struct ConnectedTables {
    tables: aws::Tables,
    location: TablesLocation,
}

impl Deref for ConnectedTables {
    type Target = aws::Tables;

    fn deref(&self) -> &aws::Tables {
        &self.tables
    }
}

impl LocalTableArgs {
    /// Connects to the tables.
    pub(crate) fn connect(&self) -> ConnectedTables {
        let url = self.dynamodb_url.clone();
        let endpoints = aws::Endpoints { kinesis: url.clone(), dynamodb: url.clone() };
        let client = aws::AwsClients::local(&endpoints).dynamodb;
        let tables = aws::Tables::new(client, &aws::ResourceNames::default());
        ConnectedTables { tables, location: TablesLocation::Local { url } }
    }
}

impl TableArgs {
    /// Connects to the tables.
    pub(crate) async fn connect(&self) -> Result<ConnectedTables, CommandError> {
        let Some(stage) = &self.stage else { return Ok(self.local.connect()) };
        Ok(deployed(stage).await?.0)
    }

    /// Connects to the tables and to the stream, which is at `kinesis_url` on this machine.
    pub(crate) async fn connect_with_stream(
        &self,
        kinesis_url: &str,
    ) -> Result<(ConnectedTables, EventStream), CommandError> {
        let Some(stage) = &self.stage else {
            let kinesis = kinesis_url.to_owned();
            let endpoints = aws::Endpoints { kinesis: kinesis.clone(), dynamodb: kinesis };
            let clients = aws::AwsClients::local(&endpoints);
            let stream = EventStream::new(clients.kinesis, &aws::ResourceNames::default());
            return Ok((self.local.connect(), stream));
        };
        let (tables, clients) = deployed(stage).await?;
        Ok((tables, EventStream::new(clients.kinesis, &aws::ResourceNames::of_stage(stage))))
    }

    /// Returns the name of the deployed stage, if there is one.
    pub(crate) fn stage(&self) -> Option<&str> {
        self.stage.as_deref()
    }
}

async fn deployed(stage: &str) -> Result<(ConnectedTables, aws::AwsClients), CommandError> {
    let deployed = aws::AwsClients::deployed().await;
    let (clients, region) =
        deployed.map_err(|error| format!("stage {stage} cannot be reached: {error}"))?;
    let location = TablesLocation::Deployed { stage: stage.to_owned(), region };
    let names = aws::ResourceNames::of_stage(stage);
    let tables = aws::Tables::new(clients.dynamodb.clone(), &names);
    Ok((ConnectedTables { tables, location }, clients))
}

/// Connects to the tables of a deployed stage.
pub(crate) async fn deployed_tables(stage: &str) -> Result<aws::Tables, CommandError> {
    Ok(deployed(stage).await?.0.tables)
}

/// Notes the segments of the stock log that were left out.
pub(crate) fn note_unreadable(unreadable: &[UnreadableSegment]) {
    for segment in unreadable {
        output::note(format!("left out, so the figures may be incomplete: {segment}"));
    }
}

/// Number of days in whose stock a store is searched that is not in the catalogue.
const DAYS_SEARCHED: usize = 8;

impl ConnectedTables {
    /// Loads a store that has to be in the catalogue.
    pub(crate) async fn store(&self, store_id: &StoreId) -> Result<Store, String> {
        let store =
            self.tables.load_store(store_id).await.map_err(|failure| self.explain(failure))?;
        match store {
            Some(store) => Ok(store),
            None => Err(self.unknown_store(store_id).await?),
        }
    }

    /// Refuses a store that neither the catalogue nor the stock of the last eight days knows.
    pub(crate) async fn check_known(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let explain = |failure| self.explain(failure);
        if self.tables.load_store(store_id).await.map_err(explain)?.is_some() {
            return Ok(());
        }
        for date in now.date_naive().iter_days().rev().take(DAYS_SEARCHED) {
            let page = self.tables.query_segments(store_id, date, None).await.map_err(explain)?;
            if !page.segments.is_empty() {
                return Ok(());
            }
        }
        let unknown = self.unknown_store(store_id).await?;
        Err(format!("{unknown}; there is no event of it in the last {DAYS_SEARCHED} days either"))
    }

    /// Notes a store that neither the catalogue nor the stock of the last eight days knows.
    pub(crate) async fn note_unknown(&self, store_id: &StoreId, now: DateTime<Utc>) {
        if let Err(unknown) = self.check_known(store_id, now).await {
            output::note(unknown);
        }
    }

    /// Returns the error of a store that is not in the catalogue, with the nearest store in it.
    pub(crate) async fn unknown_store(&self, store_id: &StoreId) -> Result<String, String> {
        let stores = self.tables.list_stores().await.map_err(|failure| self.explain(failure))?;
        let near = nearest(store_id.as_str(), stores.iter().map(StoreId::as_str));
        let advice = match near {
            Some(near) => format!("did you mean {near}?"),
            None => "`daymark catalog import` puts it there, and `daymark catalog list` shows the \
                     stores in it"
                .to_owned(),
        };
        Ok(format!("store {store_id} is not in the catalogue; {advice}"))
    }

    /// Reads the windows of a store that start on a date in UTC.
    pub(crate) async fn windows_on(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<StockWindow>, String> {
        let since = date.and_time(NaiveTime::MIN).and_utc();
        self.windows(store_id, None, since, since + TimeDelta::days(1)).await
    }

    /// Reads the windows of a store that start in `[since, until)`, and notes segments that cannot
    /// be read.
    pub(crate) async fn windows(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, String> {
        let read = stock_log::read_windows(&self.tables, store_id, sku, since, until).await;
        let WindowsRead { windows, unreadable } = read.map_err(|failure| self.explain(failure))?;
        note_unreadable(&unreadable);
        Ok(windows)
    }

    /// Returns the batch handler over these tables. Without an age limit its segments never expire.
    pub(crate) fn processor(&self, age: &AgeArgs) -> Processor<aws::Tables> {
        let tables = self.tables.clone().with_log_kept(age.log_kept());
        Processor::new(tables, Arc::new(clock::now)).with_age_max(age.max())
    }

    /// Returns the close of day over these tables.
    pub(crate) fn closing(&self) -> Closing<aws::Tables> {
        Closing { tables: self.tables.clone() }
    }

    /// Describes a failure, with a remedy.
    pub(crate) fn explain(&self, failure: Failure) -> String {
        self.location.explain(failure)
    }
}
