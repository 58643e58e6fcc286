//! Where the parts answer.

use clap::Args;
use domain::ports::{CatalogTable, Failure};
use domain::{Store, StoreId};
use processors::Closing;

/// The port of the ingest API unless told otherwise; Kinesis and DynamoDB have the next two.
pub(crate) const PORT: u16 = 7400;
/// The last port that has two behind it.
pub(crate) const PORT_MAX: u16 = u16::MAX - 2;

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
}

/// The tables, read by the same code that a Lambda uses.
pub(crate) struct Tables {
    pub(crate) stock: aws::Stock,
    pub(crate) days: aws::Days,
    pub(crate) offers: aws::Offers,
    pub(crate) catalog: aws::Catalog,
    pub(crate) quarantine: aws::Quarantine,
    pub(crate) clients: aws::Grants,
    url: String,
}

impl TableFlags {
    pub(crate) fn connect(&self) -> Tables {
        let endpoints = aws::Endpoints {
            kinesis: self.dynamodb_url.clone(),
            dynamodb: self.dynamodb_url.clone(),
        };
        let client = aws::Clients::local(&endpoints).dynamodb;
        let names = aws::Names::default();
        Tables {
            stock: aws::Stock::new(client.clone(), &names),
            days: aws::Days::new(client.clone(), &names),
            offers: aws::Offers::new(client.clone(), &names),
            catalog: aws::Catalog::new(client.clone(), &names),
            quarantine: aws::Quarantine::new(client.clone(), &names),
            clients: aws::Grants::new(client, &names),
            url: self.dynamodb_url.clone(),
        }
    }
}

impl Tables {
    /// A store that has to be in the catalogue.
    pub(crate) async fn store(&self, store_id: &StoreId) -> Result<Store, String> {
        let store = self.catalog.store(store_id).await.map_err(|failure| self.explain(failure))?;
        store.ok_or_else(|| {
            format!(
                "store {store_id} is not in the catalogue, so its days are unknown; `daymark \
                 catalog import` puts it there"
            )
        })
    }

    /// The close of day over these tables.
    pub(crate) fn closing(&self) -> Closing<aws::Catalog, aws::Stock, aws::Days, aws::Offers> {
        Closing {
            catalog: self.catalog.clone(),
            stock: self.stock.clone(),
            days: self.days.clone(),
            offers: self.offers.clone(),
        }
    }

    /// A failure in words that say what to do.
    pub(crate) fn explain(&self, failure: Failure) -> String {
        match failure {
            Failure::Unavailable(cause) => format!(
                "DynamoDB does not answer at {} ({cause}); is `daymark up` running? Another place \
                 is given with --dynamodb-url",
                self.url
            ),
            other => other.to_string(),
        }
    }
}
