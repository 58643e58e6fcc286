//! Where the parts answer.

mod age;
mod place;

use std::ops::Deref;
use std::time::Duration;

use clap::Args;
use domain::ports::{CatalogTable, Failure};
use domain::{Store, StoreId};
use processors::{Closing, Processor};

use crate::Failed;
pub(crate) use age::AgeFlags;
use place::Place;
pub(crate) use place::is_of_all_calls;

/// The port of the ingest API unless told otherwise; Kinesis and DynamoDB have the next two.
pub(crate) const PORT: u16 = 7400;
/// The last port that has two behind it.
pub(crate) const PORT_MAX: u16 = u16::MAX - 2;
/// Longest name of a stage: what the deployment takes.
const STAGE_CHARS_MAX: usize = 16;

/// Where the tables are.
#[derive(Debug, Args)]
pub(crate) struct TableFlags {
    /// The DynamoDB endpoint, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_DYNAMODB_URL",
        default_value = "http://127.0.0.1:7402",
        value_name = "URL"
    )]
    dynamodb_url: String,

    /// A deployed stage in place of this machine, like prod: its tables at AWS. Region and
    /// credentials come from the environment, from a profile (keys, an assumed role,
    /// credential_process), from a web identity or from the role of the machine. Those of a single
    /// sign-on are handed over by `eval "$(aws configure export-credentials --format env)"`
    #[arg(
        long,
        env = "DAYMARK_STAGE",
        value_name = "STAGE",
        value_parser = stage,
        conflicts_with = "dynamodb_url"
    )]
    stage: Option<String>,
}

/// The rule of the deployment's setting, as far as a name can be mistyped.
fn stage(given: &str) -> Result<String, String> {
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
pub(crate) struct Tables {
    tables: aws::Tables,
    place: Place,
}

impl Deref for Tables {
    type Target = aws::Tables;

    fn deref(&self) -> &aws::Tables {
        &self.tables
    }
}

impl TableFlags {
    pub(crate) async fn connect(&self) -> Result<Tables, Failed> {
        let (client, names, place) = match &self.stage {
            None => {
                let url = self.dynamodb_url.clone();
                let endpoints = aws::Endpoints { kinesis: url.clone(), dynamodb: url.clone() };
                let client = aws::AwsClients::local(&endpoints).dynamodb;
                (client, aws::ResourceNames::default(), Place::Local { url })
            }
            Some(stage) => {
                let deployed = aws::AwsClients::deployed().await;
                let (clients, region) = deployed
                    .map_err(|error| format!("stage {stage} cannot be reached: {error}"))?;
                let place = Place::Deployed { stage: stage.clone(), region };
                (clients.dynamodb, aws::ResourceNames::of_stage(stage), place)
            }
        };
        Ok(Tables { tables: aws::Tables::new(client, &names), place })
    }
}

impl Tables {
    /// A store that has to be in the catalogue.
    pub(crate) async fn store(&self, store_id: &StoreId) -> Result<Store, String> {
        let store =
            self.tables.load_store(store_id).await.map_err(|failure| self.explain(failure))?;
        store.ok_or_else(|| {
            format!(
                "store {store_id} is not in the catalogue, so its days are unknown; `daymark \
                 catalog import` puts it there"
            )
        })
    }

    /// The batch handler over these tables; without an age limit its rows never expire.
    pub(crate) fn processor(&self, age_max: Option<Duration>) -> Processor<aws::Tables> {
        let tables = self.tables.clone().for_events_up_to(age_max);
        Processor { age_max, ..Processor::new(tables) }
    }

    /// The close of day over these tables.
    pub(crate) fn closing(&self) -> Closing<aws::Tables> {
        Closing { tables: self.tables.clone() }
    }

    /// A failure in words that say what to do.
    pub(crate) fn explain(&self, failure: Failure) -> String {
        self.place.explain(failure)
    }
}
