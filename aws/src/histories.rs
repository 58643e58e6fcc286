//! Histories in the days table: `pk` = `store#sku` or `store#category/NAME`, `sk` = `history`. No
//! SKU contains a slash, and `history` is not a date, so the keys differ from those of day rows.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Version;
use domain::history::{
    DayKind, ElasticityEstimate, History, HistoryKey, HistorySubject, NAME_BYTES_MAX, UsualDay,
};
use domain::ports::{Failure, HistoryTable, Saved};

use crate::attributes::{AttributeReader, Attributes, number, text};
use crate::{Tables, attributes};

impl HistoryTable for Tables {
    async fn load_histories(&self, keys: &[HistoryKey]) -> Result<Vec<History>, Failure> {
        let keys = keys.iter().map(key_of).collect();
        self.get_all(&self.days, keys).await?.iter().map(history_of).collect()
    }

    async fn save_history(
        &self,
        history: &History,
        read: Option<&Version>,
    ) -> Result<Saved<History>, Failure> {
        self.put_if(&self.days, item_of(history), read, history_of).await
    }

    async fn remove_history(&self, key: &HistoryKey) -> Result<(), Failure> {
        self.delete(&self.days, key_of(key)).await.map(|_| ())
    }
}

fn key_of(key: &HistoryKey) -> Attributes {
    let store_id = &key.store_id;
    let partition = match &key.subject {
        HistorySubject::Item(sku) => format!("{store_id}#{sku}"),
        HistorySubject::Category(name) if name.len() <= NAME_BYTES_MAX => {
            format!("{store_id}#category/{name}")
        }
        // A long name is replaced by its digest. The second slash separates digests from names.
        HistorySubject::Category(name) => {
            format!("{store_id}#category//{}", Version::of(name.as_bytes()))
        }
    };
    attributes::key(partition, "history")
}

fn item_of(history: &History) -> Attributes {
    let mut item = key_of(&history.key);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("store_id", text(&history.key.store_id));
    match &history.key.subject {
        HistorySubject::Item(sku) => put("sku", text(sku)),
        HistorySubject::Category(name) => put("category", text(name)),
    };
    put("version", text(&history.version));
    put("recent", text(&history.recent));
    put("through", text(history.through));
    put("days", number(history.days));
    put("day_cv", number(history.day_cv));
    if let Some(ElasticityEstimate { mean, sd }) = history.elasticity {
        put("elasticity", number(mean));
        put("elasticity_sd", number(sd));
    }
    if let Some(sd) = history.items_sd {
        put("items_sd", number(sd));
    }
    for (kind, usual) in DayKind::ALL.iter().zip(&history.kinds) {
        let units = |units: &Option<f64>| units.map_or(AttributeValue::Null(true), number);
        let units = AttributeValue::L(usual.units.iter().map(units).collect());
        let day = [("days".to_owned(), number(usual.days)), ("units".to_owned(), units)];
        put(kind.as_str(), AttributeValue::M(day.into()));
    }
    item
}

fn history_of(item: &Attributes) -> Result<History, Failure> {
    let reader = AttributeReader::new(item);
    let subject = match item.contains_key("sku") {
        true => HistorySubject::Item(reader.text("sku")?),
        false => HistorySubject::Category(reader.text("category")?),
    };
    let elasticity = reader.optional("elasticity", |name| {
        Ok(ElasticityEstimate { mean: reader.number(name)?, sd: reader.number("elasticity_sd")? })
    })?;
    Ok(History {
        key: HistoryKey { store_id: reader.text("store_id")?, subject },
        through: reader.text("through")?,
        kinds: [
            usual_day(&reader, DayKind::Weekday)?,
            usual_day(&reader, DayKind::Saturday)?,
            usual_day(&reader, DayKind::Sunday)?,
        ],
        days: reader.number("days")?,
        day_cv: reader.number("day_cv")?,
        elasticity,
        items_sd: reader.optional("items_sd", |name| reader.number(name))?,
        recent: Version::stored(reader.text("recent")?),
        version: Version::stored(reader.text("version")?),
    })
}

fn usual_day(reader: &AttributeReader<'_>, kind: DayKind) -> Result<UsualDay, Failure> {
    let day = reader.item(kind.as_str())?;
    Ok(UsualDay { days: day.number("days")?, units: day.list("units")? })
}
