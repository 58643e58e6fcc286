//! `daymark check`: the stored rows and offers of a day, compared with the stock log.

mod differences;
mod files;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use domain::ports::{CatalogTable, OffersTable};
use domain::{DaySpan, StoreId};
use processors::check::{Check, CheckedDay, DateCheck, DayCheck, DayRowsCheck, Repair};

use crate::connect::ConnectedTables;
use crate::gaps::in_utc;
use crate::offers::replay::{ReplayRows, decide_again};
use crate::output::{Format, counted};
use crate::{CommandError, clock, connect, output};
use differences::{COLUMNS, Difference};

/// Compare the stored rows and offers of a day with the stock log
///
/// The stock log holds the events; everything else is a view of it. The command reads the UTC dates
/// of the business day and reports segments that cannot be read and events that the log has lost.
/// It compares the window rows and the day rows with those that the log gives, and decides the
/// offers of the day again, as `daymark offers replay` does. Rows that a rollup or a close of day
/// will still write are no difference.
///
/// Exits with code 1 if anything differs. Offers that were decided before a late event arrived
/// differ as well; they are never changed.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark check --store corner                      # today
  daymark check --store 0042 --date 2026-03-12 --stage prod
  daymark check --store 0042 --date 2026-03-12 --stage prod --repair
  daymark check --store 0042 --format json | jq -r '.[].place'
  daymark check --data ./daymark-data               # the files of a stopped machine

A segment that is damaged or lost comes back from the stream while that retains the events:
  daymark redrive --retained --stage prod")]
pub(crate) struct CheckArgs {
    /// Store id
    #[arg(long, value_name = "STORE", required_unless_present = "data")]
    store: Option<StoreId>,

    /// Read every byte of the files of a stopped machine instead: each segment of the stream, and
    /// the tables with their indexes
    #[arg(long, value_name = "FOLDER")]
    #[arg(conflicts_with_all = ["store", "date", "repair", "format"])]
    data: Option<PathBuf>,

    /// Business day, like 2026-03-12 [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Write the window rows of the day, its day rows and those after it anew, and list conflicts
    /// and corrections that void nothing in quarantine; then compare again. Rows of a date whose
    /// log has lost events stay as they are
    #[arg(long)]
    repair: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(crate) async fn run(args: CheckArgs) -> Result<ExitCode, CommandError> {
    let store_id = match (&args.data, &args.store) {
        (Some(data), _) => return files::check(data),
        (None, Some(store_id)) => store_id,
        (None, None) => return Err("--store or --data is missing".into()),
    };
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let now = clock::now();
    let store = tables.load_store(store_id).await.map_err(explain)?;
    if store.is_none() {
        tables.check_known(store_id, now).await?;
    }
    let span = match &store {
        None => in_utc(args.date.unwrap_or(now.date_naive())),
        Some(store) => {
            let local_date = now.with_timezone(&store.zone).date_naive();
            let today = || store.day_at(now).map_or(local_date, |day| day.date);
            store.span(args.date.unwrap_or_else(today))
        }
    };
    let check = Check { tables: aws::Tables::clone(&tables) };
    let day = CheckedDay { store_id, store: store.as_ref(), span };
    let mut found = check.check(&day, now).await.map_err(explain)?;
    if args.repair {
        let repair = check.repair(&day, &found, now).await.map_err(explain)?;
        output::note(repaired(&repair));
        found = check.check(&day, now).await.map_err(explain)?;
    }
    let mut differences = differences::of_day(store_id, span.date, &found);
    let offers = check_offers(&tables, store_id, span.date, &mut differences).await?;
    for line in summary(store_id, &span, &found, &offers) {
        output::note(line);
    }
    match (args.format, differences.is_empty()) {
        (Format::Table, true) => output::line("everything is as the log says"),
        (Format::Table, false) => {
            differences.iter().for_each(|difference| output::line(difference.paragraph()));
        }
        (format, _) => output::rows(format, COLUMNS, differences.iter().map(Difference::row))?,
    }
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Decides the offers of a day again. Returns a line about them.
async fn check_offers(
    tables: &ConnectedTables,
    store_id: &StoreId,
    date: NaiveDate,
    differences: &mut Vec<Difference>,
) -> Result<String, CommandError> {
    let offers = tables.query_offers(store_id, date).await;
    let mut offers = offers.map_err(|failure| tables.explain(failure))?;
    offers.sort_by_key(|offer| offer.slot);
    let (mut rows, mut same) = (ReplayRows::default(), 0_usize);
    for offer in &offers {
        let decided = decide_again(tables, offer, &mut rows).await?;
        same += usize::from(decided.is_empty());
        differences.extend(Difference::of_offer(&offer.offer_id, &decided));
    }
    Ok(match offers.len() {
        0 => "offers: none".to_owned(),
        all => format!("offers: {} decided again, {same} identical", counted(all as u64, "offer")),
    })
}

fn summary(store_id: &StoreId, span: &DaySpan, found: &DayCheck, offers: &str) -> Vec<String> {
    let mut lines = vec![format!("store {store_id}, business day {}", span.date)];
    lines.extend(found.dates.iter().map(of_date));
    lines.push(match &found.rows {
        DayRowsCheck::NotInCatalogue => "day rows: none, the store is not in the catalogue".into(),
        DayRowsCheck::NotOver => "day rows: not yet closed, the day is not over".into(),
        DayRowsCheck::Compared { rows, pending, .. } => {
            let pending = match pending {
                0 => String::new(),
                count => format!(", {count} of them not yet closed"),
            };
            format!("day rows: {} compared{pending}", counted(*rows as u64, "row"))
        }
    });
    lines.push(offers.to_owned());
    lines
}

fn of_date(date: &DateCheck) -> String {
    let mut line = format!(
        "log of {} UTC: {} with {}",
        date.date,
        counted(date.segments as u64, "segment"),
        counted(date.events as u64, "event"),
    );
    let listed = |events: &[domain::Event]| {
        let ids: Vec<&str> = events.iter().take(3).map(|event| event.event_id().as_str()).collect();
        let more = if events.len() > ids.len() { ", ..." } else { "" };
        format!("{}{more}", ids.join(", "))
    };
    if !date.conflicts.is_empty() {
        let (count, ids) = (date.conflicts.len() as u64, listed(&date.conflicts));
        line.push_str(&format!("; {} ({ids})", counted(count, "conflicting duplicate")));
    }
    if !date.unmet.is_empty() {
        let (count, ids) = (date.unmet.len() as u64, listed(&date.unmet));
        line.push_str(&format!("; void nothing: {} ({ids})", counted(count, "correction")));
    }
    line.push_str(&format!("; window rows: {}", counted(date.windows as u64, "window")));
    if date.pending > 0 {
        line.push_str(&format!(", {} not yet rolled up", counted(date.pending as u64, "window")));
    }
    line
}

fn repaired(repair: &Repair) -> String {
    let Repair { removed, rolled_up, closed, left_alone } = repair;
    let mut text = format!(
        "repaired: {} window rows written, of which {removed} had to be deleted first; {} entries \
         put into quarantine; {} day rows and {} histories written",
        rolled_up.written,
        rolled_up.quarantined,
        closed.written(),
        closed.histories,
    );
    if *left_alone > 0 {
        text.push_str(&format!(
            "; {} left as stored, because the log has lost events: `daymark redrive --retained` \
             brings back what the stream still holds",
            counted(*left_alone, "UTC date")
        ));
    }
    text
}
