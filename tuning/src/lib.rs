//! Cost model of Daymark on AWS: list prices times measured work.
//!
//! [`Assumptions`] describe a retailer and a deployment, [`Work`] holds what `benches/work`
//! measured, and a [`PriceList`] holds the list prices of one region. A [`CostModel`] of the three
//! computes the [`MonthlyBill`] of a number of stores. The crate reads no clock, no file and no
//! network, and prints nothing; `daymark cost` prints its results.
//!
//! ```
//! use tuning::{Assumptions, CostModel, PriceList, Work};
//!
//! let model = CostModel {
//!     assumptions: Assumptions::default(),
//!     prices: PriceList::built_in(),
//!     work: Work::measured(),
//!     deducts_free_tier: false,
//! };
//! let (small, large) = (model.month(10), model.month(1_000));
//! assert!(large.dollars() > small.dollars());
//! assert!(large.dollars() < small.dollars() * rust_decimal::Decimal::ONE_HUNDRED);
//! assert_eq!(small.parts()[0].part, "alarms");
//! ```

mod assumptions;
mod bill;
mod billed_report;
mod calculation;
pub mod choice;
mod event_costs;
pub mod format;
mod latencies;
mod measurement;
mod offer_costs;
mod operation_costs;
mod power_tuning_link;
mod prices;
mod quota;
mod recording;
mod scale_factors;
mod scheduled_costs;
mod trace;
mod traffic;
mod tuned_settings;
mod work;

pub use assumptions::{Architecture, Assumptions, StreamCapacity, whole_number};
pub use bill::{BillLine, MonthlyBill, PartCost};
pub use billed_report::BilledReport;
pub use latencies::Latencies;
pub use measurement::{
    FirstInvocation, MEASUREMENT_VERSION, MeasuredCase, Measurement, Prediction,
};
pub use power_tuning_link::power_tuning_link;
pub use prices::{Price, PriceList, PriceOrigin};
pub use quota::{BilledTimes, MEMORY_MB, PERIOD, Quota, WHOLE_PROCESSOR_MB};
pub use recording::{FunctionRecording, RECORDING_VERSION, RecordedCase, Recording};
pub use scale_factors::ScaleFactors;
pub use trace::{Step, Trace, TraceError};
pub use traffic::Traffic;
pub use tuned_settings::{CHANGE_MAX, TunedFunctionWork, TunedPrices, TunedSettings, WorkChange};
pub use work::{BatchGroupWork, PassWork, RequestWork, StoreDayWork, Work};

/// Inputs of a bill that are the same for every number of stores.
#[derive(Debug, Clone)]
pub struct CostModel {
    /// Properties of the retailer and of the deployment.
    pub assumptions: Assumptions,
    /// Prices of the region.
    pub prices: PriceList,
    /// Measured work of the components.
    pub work: Work,
    /// `true` if the free tier of each month is deducted, as for an account without other use.
    pub deducts_free_tier: bool,
}

impl CostModel {
    /// Computes the bill of one month for a retailer with `stores` stores.
    #[must_use]
    pub fn month(&self, stores: u64) -> MonthlyBill {
        let traffic = Traffic::new(stores, &self.assumptions, &self.work);
        calculation::Calculation::new(self, &traffic).run()
    }
}
