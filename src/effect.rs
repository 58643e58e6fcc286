//! `daymark effect`: whether the offers work.

mod read;
mod show;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::process::ExitCode;

use analytics::effect::statistics::CLUSTERS_MIN;
use analytics::effect::{OfArm, effect, steps};
use chrono::{Days, NaiveDate};
use clap::Args;
use domain::ports::CatalogTable;
use domain::{Arm, Store, StoreId};

use crate::dates::{DateFlags, told};
use crate::output::Format;
use crate::{Failed, clock, connect, output};

/// Show whether the offers work: what became of each arm's afternoons, and how they differ from
/// the control group's; the last four weeks when no dates are named
///
/// The catalogue's `experiment` draws, by digest, which categories of a store keep the retailer's
/// old rule on a date (`control`) or explore (`exploration`); the rest is the policy's. Each item
/// with stock at the first decision of its store's afternoon counts for the arm it was drawn into,
/// offer or not. Figures are of the afternoon from there on: sold and wasted, in the item's unit,
/// and amounts. Intervals hold the truth in 95 of 100 such experiments; store-days are taken for
/// independent, the items of one are not.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark effect --from 2026-03-01 --to 2026-03-31
  daymark effect --from 2026-03-01 --to 2026-03-31 --store 0042 --format csv")]
pub(crate) struct Flags {
    /// Only this store
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    #[command(flatten)]
    dates: DateFlags,

    /// In JSON and CSV: what became of the offers by their discount, instead of the arms
    #[arg(long)]
    steps: bool,

    /// How to print
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// How far back to look when no dates are named.
const USUAL_DAYS: u64 = 28;

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let stores = match &flags.store {
        Some(store) => vec![store.clone()],
        None => tables.list_stores().await.map_err(explain)?,
    };
    let mut known: Vec<Store> = Vec::new();
    for store_id in stores {
        let store = tables.load_store(&store_id).await.map_err(explain)?;
        known.push(store.ok_or_else(|| format!("store {store_id} is not in the catalogue"))?);
    }
    let now = clock::now();
    let today = known.iter().map(|store| now.with_timezone(&store.zone).date_naive()).max();
    let today =
        today.ok_or("there is no store in the catalogue; `daymark catalog import` loads some")?;
    let dates = flags.dates.or(today - Days::new(USUAL_DAYS)..=today)?;
    if *dates.end() > today {
        return Err(format!(
            "{} is to come: today is {today}, and what came of a day is known after its close; \
             --to may be {today} at the latest",
            dates.end()
        )
        .into());
    }
    let read = read::outcomes(&tables, &known, &dates, now).await.map_err(explain)?;
    if read.days_closed == 0 {
        return Err(no_day(&known, &dates).into());
    }
    if read.currencies.len() > 1 {
        let currencies: Vec<_> = read.currencies.iter().map(ToString::to_string).collect();
        return Err(format!(
            "these stores have prices in {}, which cannot be added up; name one with --store",
            currencies.join(" and ")
        )
        .into());
    }
    let arms = effect(&read.outcomes);
    let steps = steps(&read.outcomes);
    match flags.format {
        Format::Table => show::tables(&arms, &steps, &read)?,
        _ if flags.steps => show::steps(flags.format, &steps)?,
        _ => show::arms(flags.format, &arms)?,
    }
    for note in notes(&arms, &known, &read) {
        output::note(note);
    }
    Ok(ExitCode::SUCCESS)
}

fn no_day(stores: &[Store], dates: &RangeInclusive<NaiveDate>) -> String {
    let which = match stores {
        [store] => format!("of store {}", store.store_id),
        stores => format!("of any of the {} stores", stores.len()),
    };
    format!(
        "no closed day {which} {}; a day is closed some minutes after the doors, while `daymark \
         up` runs, or by `daymark days --close`",
        told(dates)
    )
}

/// What has to be known to read the figures.
fn notes(arms: &[OfArm], stores: &[Store], read: &read::Read) -> Vec<String> {
    let mut notes = Vec::new();
    let of = |arm: Arm| arms.iter().find(|one| one.arm == arm).map_or(0, |one| one.store_days);
    let groups: BTreeSet<(u8, u8)> = stores
        .iter()
        .map(|store| &store.policy.experiment)
        .map(|experiment| (experiment.control_percent, experiment.exploration_percent))
        .collect();
    if of(Arm::Control) < CLUSTERS_MIN || of(Arm::Policy) < CLUSTERS_MIN {
        let no_group = groups.iter().all(|(control, _)| *control == 0);
        let cure = if no_group {
            "no store has a control group: `policy.experiment.control_percent` in the catalogue, \
             like 10, gives it one from then on, and `rule` beside it says which steps the group \
             keeps; without a rule, or with one below the ladder's first step, it never has a \
             discount"
        } else {
            "name more dates or more stores"
        };
        notes.push(format!(
            "no uplift is shown: it needs at least {CLUSTERS_MIN} store-days of the policy and of \
             the control, and there are {} and {}; {cure}",
            of(Arm::Policy),
            of(Arm::Control),
        ));
    }
    if groups.len() > 1 {
        notes.push(
            "the stores do not have the same share of control days, so the arms compare \
             different stores as well; --store looks at one"
                .to_owned(),
        );
    }
    if read.other_arm > 0 {
        notes.push(format!(
            "{} offers were made in another arm than the catalogue's experiment draws now: it was \
             changed, so only dates after the change can be compared",
            read.other_arm
        ));
    }
    if read.without_windows > 0 {
        notes.push(format!(
            "{} day rows are left out: the stock windows behind them are no longer kept",
            read.without_windows
        ));
    }
    if read.without_cost > 0 {
        notes.push(format!(
            "{} of {} item-days are of items without a cost in the catalogue, and not in \
             waste_cost and margin",
            read.without_cost,
            read.outcomes.len()
        ));
    }
    notes
}
