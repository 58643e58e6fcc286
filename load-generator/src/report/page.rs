//! Page of a run, one file of HTML.

use super::headline::{ENDED_EARLY, Headline, size};
use super::html::{Table, escaped, list, paragraph};
use super::{knee, ledger, over_time, particulars, percentiles};
use crate::run_record::RunRecord;

const STYLE: &str = include_str!("page.css");
/// Script of the page of a run that is not over. It replaces the content each second.
const SCRIPT: &str = include_str!("page.js");
/// Content that a saved page may load: none.
const SAVED_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
/// Content that the page of a running run may load: its own body.
const LIVE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                           script-src 'unsafe-inline'; connect-src 'self'";

/// Returns the page of a run. It loads nothing. With `live` it has a script that replaces the
/// content of `<main>` with `/load/body` each second; without it has no script.
#[must_use]
pub fn page(record: &RunRecord, live: bool) -> String {
    let (policy, renewal) = if live {
        let words = "This page is renewed each second.";
        let status = format!("<p id=\"renewal\" role=\"status\">{words}</p>\n");
        (LIVE_POLICY, status + "<script>\n" + SCRIPT + "</script>\n")
    } else {
        (SAVED_POLICY, String::new())
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Load run {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {}</main>\n{renewal}</body>\n</html>\n",
        escaped(&record.key.run_id),
        body(record),
    )
}

/// Returns the content of the page's `<main>`.
#[must_use]
pub fn body(record: &RunRecord) -> String {
    let sections = [
        result(record),
        over_time::rates(record),
        over_time::latencies(record),
        percentiles::percentiles(record),
        over_time::freshness(record),
        over_time::throttles(record),
        over_time::resources(record),
        record.knee.as_ref().map(knee::knee).unwrap_or_default(),
        ledger::ledger(record),
        particulars::errors(record),
        particulars::totals(record),
        particulars::environment(record),
        particulars::settings(record),
        particulars::command(record),
    ];
    sections.concat()
}

/// Returns the result with the lines of the limits.
fn result(record: &RunRecord) -> String {
    let headline = Headline::of(record);
    let (class, title) = (headline.class(), headline.title());
    let mut html = format!(
        "<section id=\"result\" class=\"{class}\">\n<p class=\"run\">Load run {} on {}</p>\n\
         <h1>{title}</h1>\n<p class=\"reason\">{}</p>\n<p>{}</p>\n",
        escaped(&record.key.run_id),
        escaped(&record.target),
        escaped(&headline.reason(record)),
        escaped(&size(record)),
    );
    if record.is_partial && headline != Headline::Partial {
        html += &paragraph(ENDED_EARLY);
    }
    if !record.check.limits.is_empty() {
        let columns = ["metric", "limit", "measured", "result"];
        let mut table = Table::new("Limits of the run", &columns, "llll");
        for line in &record.check.limits {
            let (class, result) =
                if line.kept { ("kept", "✓ kept") } else { ("broken", "✗ broken") };
            table.row_of_class(class, &[&line.metric, &line.limit, &line.measured, result]);
        }
        html += &table.end();
    }
    if !record.notes.is_empty() {
        let notes = list(record.notes.iter().map(String::as_str));
        html += &format!("<h2>Notes</h2>\n{notes}");
    }
    html + "</section>\n"
}
