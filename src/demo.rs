//! `daymark demo`: a simulated day of three stores through the whole system, in about a minute.

mod other_days;
mod report;
mod retailer;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{NaiveDate, Weekday};
use clap::Args;
use domain::ports::CatalogTable;
use load_generator::shops::{ShopModel, chain};

use crate::clock::{self, SetClock};
use crate::machine::{LocalMachine, MachineSettings, MachineStorage, SlotSchedule};
use crate::{CommandError, output, up};
use retailer::DemoRetailer;
use screen::Screen;

/// Play a day of three shops through the whole pipeline, in about a minute
///
/// Simulated customers buy at the tills of a bakery, a lunch shop and a grocer. The events go over
/// HTTP into Kinesis and become stock windows in DynamoDB. From the afternoon on, offers appear and
/// customers respond to them. Some tills send events twice, deliver late or go offline for a while.
/// At the end, the stored windows are compared with a ledger of all acknowledged events, and the
/// day with the same customers without discounts. Because one day says little, the same
/// date is played eleven more times in memory meanwhile, with other customers. The effect of all is
/// shown with its lowest, median and highest value. The shops have no history of sales in any of
/// them. Nothing leaves this machine.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Seed of the customers; the same seed and date give the same day
    #[arg(long, default_value_t = 4)]
    seed: u64,

    /// Date of the day [default: last Thursday]
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Duration of the day in seconds; 0 plays as fast as possible
    #[arg(long, default_value_t = 40, value_name = "SECONDS")]
    pace: u64,

    /// Number of further runs in memory to compare with. Each plays the same date as a first day,
    /// without a history of sales; only its customers differ, who are those of the next seeds
    #[arg(long, default_value_t = 11, value_name = "N")]
    days: u64,

    /// Folder for the data of demos; each demo creates a folder in it
    #[arg(long, default_value = "./daymark-demo", value_name = "FOLDER")]
    data: PathBuf,

    /// Keep the servers running at the end, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Number of shards: two, so that events of different shards are processed in any order.
const SHARDS: i32 = 2;

pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, CommandError> {
    let date = args.date.unwrap_or_else(last_thursday);
    let folder = args.data.join(format!("{}", clock::now().format("%Y%m%dT%H%M%S%3fZ")));
    let shops: Vec<ShopModel> =
        chain().into_iter().filter(|shop| shop.store.day(date).is_some()).collect();
    if shops.is_empty() {
        return Err(format!("every shop of the demo is closed on {date}").into());
    }
    let set_clock = SetClock::new(date.and_time(chrono::NaiveTime::MIN).and_utc());
    let settings = MachineSettings {
        storage: MachineStorage::Folder(folder.clone()),
        shards: SHARDS,
        schedule: SlotSchedule::Manual,
        ..MachineSettings::default()
    };
    let machine = LocalMachine::start(settings, set_clock.clock()).await?;
    let tables = machine.tables();
    for shop in &shops {
        tables.put_store(&shop.store).await?;
        for line in &shop.items {
            tables.put_item(&line.item).await?;
        }
    }
    let (days, others) = (args.days, shops.clone());
    let handle = tokio::runtime::Handle::current();
    let others = tokio::task::spawn_blocking(move || {
        let seeds = (1..=days).map(|number| args.seed.wrapping_add(number));
        let day = |seed| handle.block_on(other_days::play(&others, date, seed));
        seeds.map(day).collect::<Result<Vec<_>, _>>()
    });
    let mut retailer = DemoRetailer::open(shops, date, args.seed, &machine)?;
    let screen = Screen::open(&retailer, date, args.seed, &folder);
    let started = tokio::time::Instant::now();
    let windows = retailer.windows();
    let step = Duration::from_secs(args.pace) / u32::try_from(windows.len().max(1))?;
    for (window, index) in windows.into_iter().zip(1..) {
        set_clock.set(window.end());
        retailer.play(window).await?;
        if pricing::slot_of(window.end()) == window.end() {
            retailer.settle(&machine).await?;
            let pass = machine.price_due(window.end()).await?;
            retailer.put_on_shelves(&pass.published);
            screen.offers(&retailer, &pass.published);
        }
        screen.progress(&retailer, window, started.elapsed());
        tokio::time::sleep_until(started + step * index).await;
    }
    retailer.finish().await?;
    retailer.settle(&machine).await?;
    retailer.close(&machine).await?;
    let differences = retailer.audit(&machine).await?;
    let offers = retailer.offers(&machine).await?;
    let effect = retailer.effect();
    screen.summary(&retailer, &offers, &effect, &differences, started.elapsed());
    if args.days > 0 {
        let mut effects = vec![effect];
        effects.extend(others.await??);
        screen.effects(&effects, args.seed);
    }
    if let Some(chart) = retailer.chart(&machine, &offers).await? {
        screen.chart(&chart, &folder)?;
    }
    screen.next_steps(&folder, &retailer, args.keep.then(|| machine.urls()));
    if args.keep {
        set_clock.follow_system();
        let mut interrupts = up::Interrupts::listen()?;
        output::line(format!("\nStill up:\n\n{}\n\nCtrl-C stops.", up::addresses(&machine)));
        interrupts.next().await;
    }
    machine.stop().await;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the last Thursday: every shop is open, and no row of the day has expired.
fn last_thursday() -> NaiveDate {
    let yesterday = clock::now().date_naive() - chrono::Days::new(1);
    yesterday.week(Weekday::Thu).first_day()
}
