//! `daymark cost`: the cost of a retailer on AWS.

mod report;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tuning::{Assumptions, CostModel, MonthlyBill, PriceList, Work};

use crate::output::Format;
use crate::{CommandError, output};

/// Show what a chain of stores costs on AWS in a month: list prices times measured work
///
/// The work of an event, of a batch, of a pricing pass and of a closed day was measured on this
/// program, in the units that AWS charges. The args below set the other assumptions. List prices
/// are those of one region, each with its source and date; `--list` shows them. They change:
/// compare them with AWS's own pages before you rely on a sum, and pass yours with `--prices`.
/// Taxes, support plans, savings plans and the cost of your own consumers are not included.
///
///   daymark cost                                      10, 1,000 and 10,000 stores
///   daymark cost --stores 250 --explain               every line with its arithmetic
///   daymark cost --batch-window 60 --retention 24     effect of a setting
///   daymark cost --list --format json > prices.json   price list, to be edited
///   daymark cost --prices prices.json --region eu-central-1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CostArgs {
    /// Number of stores; several with commas
    #[arg(long, default_value = "10,1000,10000", value_delimiter = ',', value_name = "N",
          value_parser = tuning::whole_number(1, 1_000_000))]
    stores: Vec<u64>,

    #[command(flatten)]
    assumptions: Assumptions,

    /// Region of the price list; prices of other regions are given with --prices
    #[arg(long, default_value = "us-east-1", value_name = "REGION")]
    region: String,

    /// Price list in the form of `--list --format json`
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Deduct AWS's free tier of each month, as for an account without other use
    #[arg(long)]
    free_tier: bool,

    /// Show every line: quantity, unit price and derivation of the quantity
    #[arg(long)]
    explain: bool,

    /// Show the price list
    #[arg(long, conflicts_with = "explain")]
    list: bool,

    /// Output format; JSON and CSV have every line
    #[arg(long, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: CostArgs) -> Result<ExitCode, CommandError> {
    let prices = args.price_list()?;
    if args.list {
        report::price_list(args.format, &prices)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (assumptions, work) = (args.assumptions, Work::measured());
    let model = CostModel { assumptions, prices, work, deducts_free_tier: args.free_tier };
    let bills: Vec<MonthlyBill> = args.stores.iter().map(|stores| model.month(*stores)).collect();
    match args.format {
        Format::Table if args.explain => report::explanation(&bills, &model.prices),
        Format::Table => report::summary(&bills),
        format => report::lines(format, &bills, &model.prices)?,
    }
    let CostModel { prices, work, .. } = model;
    output::note(format_args!(
        "list prices of {} read on {}, from the sources that `daymark cost --list` names; work \
         measured on {} ({}) by `{}`",
        prices.region, prices.read_on, work.measured_on, work.processor, work.made_by
    ));
    Ok(ExitCode::SUCCESS)
}

impl CostArgs {
    fn price_list(&self) -> Result<PriceList, CommandError> {
        let prices = match &self.prices {
            None => PriceList::built_in(),
            Some(file) => {
                let shown = file.display();
                let text = fs::read_to_string(file).map_err(|error| {
                    format!("cannot read the prices in {shown}: {error}; --prices names a file")
                })?;
                PriceList::parse(&text)
                    .map_err(|error| format!("the prices in {shown}: {error}"))?
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
