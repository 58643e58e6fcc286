//! Report of an invocation in the log of a function.

use rust_decimal::Decimal;

/// Figures that Lambda writes after each invocation.
///
/// ```
/// let log = "START RequestId: 1 Version: $LATEST\n\
///     REPORT RequestId: 1\tDuration: 5.31 ms\tBilled Duration: 61 ms\tMemory Size: 128 MB\t\
///     Max Memory Used: 29 MB\tInit Duration: 55.02 ms\t\n";
/// let report = tuning::BilledReport::of_log(log).expect("a report");
/// assert_eq!((report.billed_ms, report.memory_mb, report.peak_mb), (61, 128, 29));
/// assert_eq!(report.init_ms.unwrap().to_string(), "55.02");
/// assert_eq!(tuning::BilledReport::of_log("END RequestId: 1"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledReport {
    /// Billed milliseconds; those of a first invocation include the initialization.
    pub billed_ms: u64,
    /// Memory of the function, in MB.
    pub memory_mb: u32,
    /// Largest memory that the environment has used, in MB.
    pub peak_mb: u32,
    /// Duration of the initialization in milliseconds, for the first invocation of an environment.
    pub init_ms: Option<Decimal>,
}

impl BilledReport {
    /// Returns the last report in a log in text format. Source: Lambda, "Understanding the Lambda
    /// execution logs", `REPORT` line.
    #[must_use]
    pub fn of_log(log: &str) -> Option<Self> {
        let line = log.lines().rev().find(|line| line.starts_with("REPORT "))?;
        let figure = |name: &str| {
            let fields = line.split('\t').map(str::trim);
            let field = fields.filter_map(|field| field.strip_prefix(name)).next()?;
            field.strip_prefix(": ")?.split_whitespace().next()
        };
        Some(Self {
            billed_ms: figure("Billed Duration")?.parse().ok()?,
            memory_mb: figure("Memory Size")?.parse().ok()?,
            peak_mb: figure("Max Memory Used")?.parse().ok()?,
            init_ms: figure("Init Duration").and_then(|figure| figure.parse().ok()),
        })
    }
}
