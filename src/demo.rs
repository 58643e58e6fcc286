//! `daymark demo`: a day of a few shops through the whole pipeline, faster than it passes.

mod day;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{NaiveDate, Weekday};
use clap::Args;
use domain::ports::CatalogTable;
use load_generator::shops::{Shop, chain};

use crate::clock::{self, SetClock};
use crate::machine::{Machine, Schedule, Settings, Storage};
use crate::{Failed, output, up};
use day::Chain;
use show::Screen;

/// Play a day of three shops through the whole pipeline, in about a minute
///
/// Seeded customers buy at the tills of a bakery, a lunch shop and a grocer. Their events go over
/// HTTP into Kinesis, become stock by window in DynamoDB, and from the afternoon on offers appear,
/// to which the customers answer. Some tills resend, deliver late or go offline for a while. At
/// the end the stored windows are held against a ledger of everything that was acknowledged, and
/// the day against the same customers without discounts. Nothing leaves this machine.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Which customers come; the same seed and date play the same day
    #[arg(long, default_value_t = 4)]
    seed: u64,

    /// The day to play; the last Thursday when left out
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// How long the day takes, in seconds; 0 plays as fast as the machine can
    #[arg(long, default_value_t = 40, value_name = "SECONDS")]
    pace: u64,

    /// The folder under which the demo keeps its data, in a folder of its own
    #[arg(long, default_value = "./daymark-demo", value_name = "FOLDER")]
    data: PathBuf,

    /// Leave the servers running at the end, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// Two tills' worth of shards: enough to see that order between shards does not matter.
const SHARDS: i32 = 2;

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let date = flags.date.unwrap_or_else(last_thursday);
    let folder = flags.data.join(format!("{}", clock::now().format("%Y%m%dT%H%M%S%3fZ")));
    let shops: Vec<Shop> =
        chain().into_iter().filter(|shop| shop.store.day(date).is_some()).collect();
    if shops.is_empty() {
        return Err(format!("every shop of the demo is closed on {date}").into());
    }
    let set_clock = SetClock::new(date.and_time(chrono::NaiveTime::MIN).and_utc());
    let settings = Settings {
        storage: Storage::Folder(folder.clone()),
        shards: SHARDS,
        schedule: Schedule::ByHand,
        ..Settings::default()
    };
    let machine = Machine::start(settings, set_clock.clock()).await?;
    let tables = machine.tables();
    for shop in &shops {
        tables.put_store(&shop.store).await?;
        for line in &shop.items {
            tables.put_item(&line.item).await?;
        }
    }
    let mut chain = Chain::open(shops, date, flags.seed, &machine)?;
    let screen = Screen::open(&chain, date, flags.seed, &folder);
    let started = tokio::time::Instant::now();
    let windows = chain.windows();
    let step = Duration::from_secs(flags.pace) / u32::try_from(windows.len().max(1))?;
    for (window, index) in windows.into_iter().zip(1..) {
        set_clock.set(window.end());
        chain.play(window).await?;
        if pricing::slot_of(window.end()) == window.end() {
            chain.settle(&machine).await?;
            let pass = machine.price_due(window.end()).await?;
            chain.put_on_shelves(&pass.published);
            screen.offers(&chain, &pass.published);
        }
        screen.progress(&chain, window, started.elapsed());
        tokio::time::sleep_until(started + step * index).await;
    }
    chain.finish().await?;
    chain.settle(&machine).await?;
    chain.close(&machine).await?;
    let differences = chain.audit(&machine).await?;
    let offers = chain.offers(&machine).await?;
    screen.summary(&chain, &offers, &differences, started.elapsed());
    if let Some(afternoon) = chain.picture(&machine, &offers).await? {
        screen.afternoon(&afternoon, &folder)?;
    }
    screen.where_it_lies(&folder, &chain, flags.keep.then(|| machine.urls()));
    if flags.keep {
        set_clock.follow_the_machine();
        let mut interrupts = up::Interrupts::listen()?;
        output::line(format!("\nStill up:\n\n{}\n\nCtrl-C stops.", up::addresses(&machine)));
        interrupts.next().await;
    }
    machine.stop().await;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A day on which every shop is open, and recent enough that nothing of it is expired.
fn last_thursday() -> NaiveDate {
    let yesterday = clock::now().date_naive() - chrono::Days::new(1);
    yesterday.week(Weekday::Thu).first_day()
}
