//! Sections of the page with the particulars of the run: errors, totals, environment, settings and
//! the command that repeats it.

use super::html::{Table, facts, paragraph, preformatted, section};
use super::numbers::{count, megabytes, number};
use crate::run_record::RunRecord;
use crate::scenario::Scenario;

/// Returns the section of the errors.
pub(super) fn errors(record: &RunRecord) -> String {
    if record.errors.is_empty() {
        return section("errors", "Errors", &paragraph("There were no errors."));
    }
    let mut table = Table::new("Errors, the most frequent ones first", &["error", "number"], "lr");
    for (error, number) in frequent_errors(record) {
        table.row(&[error, &count(number)]);
    }
    section("errors", "Errors", &table.end())
}

/// Returns the errors with their numbers, the most frequent ones first.
pub(super) fn frequent_errors(record: &RunRecord) -> Vec<(&str, u64)> {
    let mut errors: Vec<(&str, u64)> =
        record.errors.iter().map(|(error, number)| (error.as_str(), *number)).collect();
    errors.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    errors
}

/// Returns the section of the totals.
pub(super) fn totals(record: &RunRecord) -> String {
    let totals = &record.totals;
    let (probes, unseen) = totals.probes;
    let counts = [
        ("Requests planned", totals.requests_planned),
        ("Requests answered", totals.requests_settled),
        ("Requests answered with status 429 or 503", totals.throttled),
        ("Requests sent again", totals.retried),
        ("Events planned", totals.planned),
        ("Events sent", totals.sent),
        ("Events stored", totals.stored),
        ("Events refused", totals.refused),
        ("Events planned to be refused", totals.poison),
        ("Events of unknown outcome", totals.unknown),
        ("Probes sent", probes),
        ("Probes never seen", unseen),
        ("Most connections in use at once", totals.connections),
    ];
    let mut rows: Vec<(String, String)> =
        counts.into_iter().map(|(name, value)| (name.to_owned(), count(value))).collect();
    let rows_with_units = [
        ("Bytes of all bodies", megabytes(totals.bytes)),
        ("Time from the start to the last answer", format!("{} s", number(totals.seconds))),
        ("Planned rate", format!("{} events/s", number(record.planned_rate()))),
        ("Stored rate", format!("{} events/s", number(record.stored_rate()))),
        ("Processor time of the generator", format!("{} s", number(totals.generator_cpu_s))),
    ];
    rows.extend(rows_with_units.map(|(name, value)| (name.to_owned(), value)));
    section("totals", "Totals", &facts("Totals of the run", &rows, "lr"))
}

/// Returns the section of the environment.
pub(super) fn environment(record: &RunRecord) -> String {
    let environment = &record.environment;
    let connections =
        record.connections.map_or("without a cap".to_owned(), |most| most.to_string());
    let rows = [
        ("Run", record.key.run_id.clone()),
        ("Start", record.key.starts_at.format("%F %T UTC").to_string()),
        ("Seed", record.key.scenario.seed.to_string()),
        ("Target", record.target.clone()),
        ("Connections at most", connections),
        ("Version", environment.version.clone()),
        ("Commit", environment.commit.clone().unwrap_or_else(|| "not known".to_owned())),
        ("System", environment.system.clone()),
        ("Processor", environment.processor.clone()),
        ("Cores", environment.cores.to_string()),
        ("Load before the run, over one minute", number(environment.load_before)),
    ];
    let mut rows: Vec<(String, String)> =
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    rows.extend(environment.machine.iter().map(|(name, value)| (name.clone(), value.clone())));
    section("environment", "Environment", &facts("Machine and program", &rows, "ll"))
}

/// Returns the section of the scenario.
pub(super) fn settings(record: &RunRecord) -> String {
    let scenario = scenario(&record.key.scenario);
    section("settings", "Scenario", &preformatted("Scenario", &scenario))
}

/// Returns a scenario as TOML, or as JSON if TOML lacks one of its values, such as a high seed.
fn scenario(scenario: &Scenario) -> String {
    toml::to_string(scenario)
        .or_else(|_| serde_json::to_string_pretty(scenario))
        .unwrap_or_else(|error| format!("the scenario cannot be written: {error}"))
}

/// Returns the section of the command that repeats the run.
pub(super) fn command(record: &RunRecord) -> String {
    section("command", "Command that repeats the run", &preformatted("Command", &record.command))
}
