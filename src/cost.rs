//! `daymark cost`: what a chain of stores costs on AWS.

mod bill;
mod chain;
mod evening;
mod events;
mod offers;
mod prices;
mod show;
mod traffic;
mod watch;
mod work;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::output::Format;
use crate::{Failed, output};
use bill::Bill;
use chain::Chain;
use prices::Prices;
use traffic::Traffic;
use work::Work;

/// Show what a chain of stores costs on AWS in a month: list prices times measured work
///
/// The work of an event, of a batch, of a pricing pass and of a closed day was measured on this
/// program, in the units that AWS charges; the flags below say what the rest depends on. List
/// prices are those of one region, each with its source and date; `--list` shows them. They change:
/// hold them against AWS's own pages before you rely on a sum, and give yours with `--prices`.
/// Taxes, support plans, savings plans and the bill of your own consumers are not in it.
///
///   daymark cost                                      10, 1,000 and 10,000 stores
///   daymark cost --stores 250 --explain               every line with its arithmetic
///   daymark cost --batch-window 60 --retention 24     what a setting changes
///   daymark cost --list --format json > prices.json   the price list, to be edited
///   daymark cost --prices prices.json --region eu-central-1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Flags {
    #[command(flatten)]
    chain: Chain,

    /// The region; prices of another one are given with --prices
    #[arg(long, default_value = "us-east-1", value_name = "REGION")]
    region: String,

    /// A price list in the form of `--list --format json`
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Take off what AWS's free tier gives each month, as if nothing else ran in the account
    #[arg(long)]
    free_tier: bool,

    /// Show every line: quantity times unit price, and where the quantity is from
    #[arg(long)]
    explain: bool,

    /// Show the price list
    #[arg(long, conflicts_with = "explain")]
    list: bool,

    /// How to print; JSON and CSV have every line
    #[arg(long, default_value = "table")]
    format: Format,
}

pub(crate) fn run(flags: &Flags) -> Result<ExitCode, Failed> {
    let prices = flags.prices()?;
    if flags.list {
        show::list(flags.format, &prices)?;
        return Ok(ExitCode::SUCCESS);
    }
    let work = Work::measured();
    let months: Vec<(Traffic, Bill<'_>)> = flags
        .chain
        .stores
        .iter()
        .map(|stores| month(*stores, &flags.chain, &prices, &work, flags.free_tier))
        .collect();
    match flags.format {
        Format::Table if flags.explain => show::explained(&months, &prices),
        Format::Table => show::summary(&months),
        format => show::lines(format, &months, &prices)?,
    }
    output::note(format_args!(
        "list prices of {} read on {}, from the sources that `daymark cost --list` names; work \
         measured on {} ({}) by `{}`",
        prices.region, prices.read_on, work.measured_on, work.processor, work.made_by
    ));
    Ok(ExitCode::SUCCESS)
}

impl Flags {
    fn prices(&self) -> Result<Prices, Failed> {
        let prices = match &self.prices {
            None => Prices::built_in(),
            Some(file) => {
                let shown = file.display();
                let text = fs::read_to_string(file).map_err(|error| {
                    format!("cannot read the prices in {shown}: {error}; --prices names a file")
                })?;
                Prices::parse(&text).map_err(|fault| format!("the prices in {shown}: {fault}"))?
            }
        };
        if prices.region == self.region {
            return Ok(prices);
        }
        let known = &prices.region;
        Err(format!(
            "the price list is that of {known}, not of {}; give one of {} with --prices (`daymark \
             cost --list --format json` prints {known}'s, to be edited)",
            self.region, self.region
        )
        .into())
    }
}

/// The bill of a month.
fn month<'a>(
    stores: u64,
    chain: &'a Chain,
    prices: &'a Prices,
    work: &Work,
    is_free_tier: bool,
) -> (Traffic, Bill<'a>) {
    let traffic = Traffic::of(stores, chain, work);
    let mut bill = Bill::new(chain, prices, is_free_tier);
    events::ingest(&mut bill, &traffic, work);
    events::identity(&mut bill, &traffic);
    events::stream(&mut bill, &traffic, work);
    events::stock(&mut bill, &traffic, work);
    events::tables(&mut bill, &traffic, work);
    evening::pricing(&mut bill, &traffic, work);
    evening::day_close(&mut bill, &traffic, work);
    evening::offers_out(&mut bill, &traffic, work);
    offers::offers_api(&mut bill, &traffic, work);
    watch::watch(&mut bill, &traffic);
    watch::key(&mut bill, &traffic);
    (traffic, bill)
}

#[cfg(test)]
mod tests;
