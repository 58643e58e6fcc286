//! Reasons to doubt a comparison.

use std::collections::BTreeSet;
use std::fmt;

use super::metric::is_answered;
use super::usable;
use crate::run_record::RunRecord;
use crate::scenario::Scenario;

/// Returns the reasons to doubt a comparison, one sentence each.
pub(super) fn of(old: &RunRecord, new: &RunRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if old.key.run_id == new.key.run_id {
        remarks.push(format!("Both records are of run {}.", old.key.run_id));
    }
    for (name, run) in [("old", old), ("new", new)] {
        remarks.extend(of_run(name, run));
    }
    remarks.extend(of_plans(old, new));
    remarks.extend(other("target", &old.target, &new.target));
    let [first, second] = [old, new]
        .map(|run| run.connections.map_or_else(|| "no".to_owned(), |cap| cap.to_string()));
    remarks.extend(other("cap of connections", &first, &second));
    remarks.extend(of_environments(old, new));
    remarks
}

/// Remarks on one run.
fn of_run(name: &str, run: &RunRecord) -> Vec<String> {
    let mut remarks = Vec::new();
    if run.is_partial {
        remarks.push(format!("The {name} run was ended before its plan."));
    }
    if let Some(reason) = &run.check.invalid {
        remarks.push(format!("The {name} run is invalid; the generator was the limit: {reason}."));
    }
    let unanswered = usable(&run.seconds).filter(|place| !is_answered(&run.seconds[*place]));
    let unanswered = unanswered.count();
    if unanswered > 0 {
        remarks.push(format!(
            "Seconds of the {name} run without any answer, which its times leave out: {unanswered}."
        ));
    }
    let unseen = run.totals.probes.1;
    if unseen > 0 {
        remarks.push(format!(
            "Probes of the {name} run that were never seen, which its freshness leaves out: \
             {unseen}."
        ));
    }
    remarks
}

/// Remarks on other plans.
fn of_plans(old: &RunRecord, new: &RunRecord) -> Vec<String> {
    let (first, second) = (&old.key.scenario, &new.key.scenario);
    let mut remarks = Vec::new();
    remarks.extend(other("seed", &first.seed, &second.seed));
    let fields = differing_fields(first, second);
    if !fields.is_empty() {
        remarks.push(format!("Other scenario; it differs in: {}.", fields.join(", ")));
    } else if old.legs != new.legs {
        remarks.push("Other legs of one scenario, as after two searches for the knee.".to_owned());
    }
    if old.parts != new.parts {
        let [first, second] = [&old.parts, &new.parts].map(|parts| {
            let numbers: Vec<String> = parts.numbers.iter().map(u32::to_string).collect();
            format!("{} of {}", numbers.join(", "), parts.of)
        });
        remarks.extend(other("parts", &first, &second));
    }
    remarks
}

/// Names of the fields of a scenario that change its traffic and differ, apart from the seed.
pub(super) fn differing_fields(old: &Scenario, new: &Scenario) -> Vec<&'static str> {
    let fields = [
        ("shops", old.shops != new.shops),
        ("arrivals", old.arrivals != new.arrivals),
        ("stages", old.stages != new.stages),
        ("mix", old.mix != new.mix),
    ];
    fields.into_iter().filter(|(_, is_other)| *is_other).map(|(name, _)| name).collect()
}

/// Remarks on other machines, programs and settings.
fn of_environments(old: &RunRecord, new: &RunRecord) -> Vec<String> {
    let (old, new) = (&old.environment, &new.environment);
    let commit = |commit: &Option<String>| commit.as_deref().unwrap_or("unknown").to_owned();
    let mut remarks = Vec::new();
    remarks.extend(other("version", &old.version, &new.version));
    remarks.extend(other("commit", &commit(&old.commit), &commit(&new.commit)));
    remarks.extend(other("system", &old.system, &new.system));
    remarks.extend(other("processor", &old.processor, &new.processor));
    remarks.extend(other("number of cores", &old.cores, &new.cores));
    let names: BTreeSet<&String> = old.machine.keys().chain(new.machine.keys()).collect();
    for name in names {
        let [first, second] =
            [old, new].map(|run| run.machine.get(name).map_or("not set", String::as_str));
        remarks.extend(other(&format!("machine setting {name}"), &first, &second));
    }
    remarks
}

/// Remark on two values that differ.
fn other<T: PartialEq + fmt::Display>(name: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| format!("Other {name}: {old} (old) and {new} (new)."))
}
