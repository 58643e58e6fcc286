//! `daymark effect`: effect of the offers, from the arms of the experiment.

mod splits;
mod tables;

use std::ops::RangeInclusive;
use std::process::ExitCode;

use analytics::effect::{EffectGroup, effect, split, steps};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use domain::{Store, StoreId};
use reader::effect::{load, notes, usual_dates};
use reader::stores::latest_today;

use crate::connect::note_unreadable;
use crate::dates::{DateArgs, dates_text};
use crate::output::Format;
use crate::stores::NotClosed;
use crate::{CommandError, clock, connect, output};

/// Show the effect of the offers: the afternoons of each arm, and their difference from the control
/// group [default: the last four weeks]
///
/// The catalogue's `experiment` assigns, by digest, the categories of a store on a date to the
/// retailer's old rule (`control`), to exploration (`exploration`) or to the policy. Each item with
/// stock at the first decision of its store's afternoon counts for its arm, with an offer or
/// without. Figures cover the afternoon from that decision on: units sold and wasted, and amounts.
/// Intervals are 95 % confidence intervals with store-days as clusters.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark effect --from 2026-03-01 --to 2026-03-31
  daymark effect --from 2026-03-01 --to 2026-03-31 --store 0042 --format csv")]
pub(crate) struct EffectArgs {
    /// Only this store
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    #[command(flatten)]
    dates: DateArgs,

    /// Compare the arms in each group, or the offers by discount, instead of the arms of all. JSON
    /// and CSV have all figures, a table the totals
    #[arg(long, value_name = "GROUP")]
    by: Option<By>,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Grouping of the effect.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// Each category.
    Category,
    /// Each store.
    Store,
    /// Offers by their step: what was expected to be left at the close, and what was.
    Step,
}

pub(crate) async fn run(args: EffectArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let known = tables.stores(args.store.as_ref()).await?;
    let now = clock::now();
    let today = latest_today(&known, now);
    let dates = args.dates.or(usual_dates(today))?;
    if *dates.end() > today {
        return Err(format!(
            "{} is in the future: today is {today}, and figures of a day exist after its close; \
             --to may be {today} at the latest",
            dates.end()
        )
        .into());
    }
    let mut not_closed = NotClosed::default();
    for store in &known {
        not_closed.add(&store.store_id, tables.not_closed(store, &dates, now).await?);
    }
    let found = load(&*tables, &known, &dates).await.map_err(explain)?;
    note_unreadable(&found.unreadable);
    if found.days_closed == 0 {
        return Err(no_day(&known, &dates).into());
    }
    if found.currencies.len() > 1 {
        let currencies: Vec<_> = found.currencies.iter().map(ToString::to_string).collect();
        return Err(format!(
            "these stores have prices in {}, which cannot be added up; name one with --store",
            currencies.join(" and ")
        )
        .into());
    }
    let arms = effect(&found.outcomes);
    match args.by {
        None if args.format == Format::Table => {
            tables::print(&arms, &steps(&found.outcomes), &found)?;
        }
        None => tables::print_arms(args.format, &arms, &found)?,
        Some(By::Step) => tables::print_steps(args.format, &steps(&found.outcomes))?,
        Some(By::Category) => {
            let groups = split(&found.outcomes, EffectGroup::Category);
            splits::print(args.format, "category", &groups, &found)?;
        }
        Some(By::Store) => {
            let groups = split(&found.outcomes, EffectGroup::Store);
            splits::print(args.format, "store_id", &groups, &found)?;
        }
    }
    not_closed.note();
    for note in notes(&arms, &known, &found) {
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
        "no closed day {which} {}; a day is closed some minutes after the store closes, while \
         `daymark up` runs, or by `daymark days --close`",
        dates_text(dates)
    )
}
