//! `daymark simulate-pricing`: the table of the policies.

use crate::support::daymark;

#[test]
fn the_same_seed_prints_the_same_table_in_every_format() {
    let run = |seed: &str, format: &str| {
        daymark([
            "simulate-pricing",
            "--world=plain,hard-rules",
            "--days=8",
            "--training-days=16",
            "--policies=none,sell-through,ours,full-information",
            "--seed",
            seed,
            "--format",
            format,
        ])
    };
    let rows = run("3", "json").rows();
    let lines: Vec<(&str, &str)> =
        rows.iter().map(|row| (&*row["world"], &*row["policy"])).collect();
    let policies = ["none", "sell-through", "ours", "full-information"];
    let expected: Vec<(&str, &str)> = ["plain", "hard-rules", "average"]
        .into_iter()
        .flat_map(|world| policies.map(|policy| (world, policy)))
        .collect();
    assert_eq!(lines, expected);
    assert!(rows.iter().all(|row| row["broken"] == "0"), "{rows:?}");
    let csv = run("3", "csv").success();
    assert_eq!(run("3", "csv").success(), csv);
    assert_ne!(run("4", "csv").success(), csv);
    let ours = &rows[2];
    let start = format!("plain,ours,{},{},", ours["value"], ours["value_error"]);
    assert!(csv.lines().any(|line| line.starts_with(&start)), "{start} in {csv}");
    let table = run("3", "table").success();
    assert!(table.contains("over best fixed %"), "{table}");
    assert!(table.contains(&format!("{} ± {}", ours["value"], ours["value_error"])), "{table}");
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let world = daymark(["simulate-pricing", "--world=sunny"]).failure();
    assert!(world.contains("there is no world sunny; there are plain, bursts,"), "{world}");
    let policy = daymark(["simulate-pricing", "--policies=best"]).failure();
    assert!(policy.contains("there is no policy best; there are none, fixed,"), "{policy}");
    let days = daymark(["simulate-pricing", "--days=1"]);
    assert_eq!(days.code, Some(2), "{}", days.err);
    let list = daymark(["simulate-pricing", "--list", "--format=json"]).rows();
    assert_eq!((list[0]["kind"].as_str(), list[0]["name"].as_str()), ("world", "plain"));
    assert!(list.iter().any(|row| row["name"] == "without-response"), "{list:?}");
}
