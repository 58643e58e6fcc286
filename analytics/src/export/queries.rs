//! Queries over an export. DuckDB and Athena give the same answers.

/// Query with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Number and subject, as in the name of its file.
    pub name: &'static str,
    /// Text; the comment above it is the question.
    pub sql: &'static str,
}

macro_rules! query {
    ($name:literal) => {
        Query { name: $name, sql: include_str!(concat!("../../queries/", $name, ".sql")) }
    };
}

/// All queries, by number. The first eight are the questions that analysts ask first.
pub const QUERIES: &[Query] = &[
    query!("01-most-discounted-items"),
    query!("02-sell-through-of-discounted-items"),
    query!("03-waste-avoided"),
    query!("04-offers-expected-and-earned"),
    query!("05-lowest-price-of-30-days"),
    query!("06-sales-by-hour"),
    query!("07-all-days"),
    query!("08-treated-against-control"),
    query!("09-margin-of-items"),
    query!("10-revenue-by-day"),
    query!("11-revenue-by-category"),
    query!("12-waste-by-category"),
    query!("13-sold-out-items"),
    query!("14-price-response"),
    query!("15-weekdays"),
    query!("16-first-discounts"),
    query!("17-offers-by-trust"),
    query!("18-missing-events"),
    query!("19-stock-against-days"),
    query!("20-slots-against-days"),
];

impl Query {
    /// Finds a query by its name or number.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let number = |query: &Self| query.name.split('-').next().unwrap_or_default();
        let is_number =
            |query: &Self| number(query) == name || number(query).trim_start_matches('0') == name;
        QUERIES.iter().find(|query| query.name == name || is_number(query))
    }

    /// Returns the question: the comment above the text, on one line.
    #[must_use]
    pub fn question(&self) -> String {
        let lines = self.sql.lines().map_while(|line| line.strip_prefix("-- "));
        lines.collect::<Vec<_>>().join(" ")
    }
}
