//! The check of a release sends payloads to a new version and judges the answers. The binaries of
//! this build pass it.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::World;

/// Prints the payloads of a function's checks, or the problems of the answers to them.
const CHECKS: &str = "
    const [module, name, answers] = process.argv.slice(1);
    const { CHECKS } = await import(module);
    const checks = CHECKS[name]({ deploymentId: 'd-TEST', now: new Date() });
    const problems = JSON.parse(answers).map((answer, at) => checks[at].problemOf(answer) ?? null);
    console.log(JSON.stringify({ payloads: checks.map(({ payload }) => payload), problems }));
";

fn checks(function: &str, answers: &[Value]) -> Value {
    let module =
        concat!("file://", env!("CARGO_MANIFEST_DIR"), "/cdk/functions/release-check/checks.mjs");
    let answers = json!(answers).to_string();
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", CHECKS, module, function, &answers]);
    let output = node.output().expect("Node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn the_binaries_pass_the_check_of_a_release() {
    let world = World::start();
    world.create_stream().await;
    world.create_tables("shop-").await;
    for (name, binary) in [
        ("ingest", "ingest-lambda"),
        ("stock-processor", "processor-lambda"),
        ("pricing", "pricing-lambda"),
        ("day-close", "day-close-lambda"),
    ] {
        let mut function = world.function(binary, "shop-").await;
        let mut answers = Vec::new();
        for payload in checks(name, &[])["payloads"].as_array().expect("payloads") {
            answers.push(function.respond(payload.clone()).await);
        }
        let problems = &checks(name, &answers)["problems"];
        assert!(!answers.is_empty(), "{name}");
        assert_eq!(*problems, json!(vec![Value::Null; answers.len()]), "{name}: {answers:?}");
    }
    assert_eq!(world.items("shop-offers").await.len(), 0, "a release check publishes no offer");
}
