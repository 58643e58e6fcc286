//! The blocks of docs/analysts.md, executed in their order in one folder.
//!
//! A block of `sh`, `python` or `python boto3` runs as it stands; one of `sql partiql` is sent to
//! the DynamoDB endpoint. A block with `aws` needs AWS and is left out.

use std::path::Path;
use std::process::Command;

use crate::analysts::closed_chain;
use crate::export_queries::{output, python};
use crate::support::{UpProcess, run};
use crate::up::clients;

/// Blocks of the page: their language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../docs/analysts.md");
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').expect("a first line")).collect()
}

#[test]
fn each_block_of_the_page_for_analysts_runs() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let python = python();
    let tools = Path::new(&python).parent().expect("a folder").display().to_string();
    let program = Path::new(env!("CARGO_BIN_EXE_daymark")).parent().expect("a folder");
    let path = format!("{}:{tools}:{}", program.display(), std::env!("PATH"));
    let run_in = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).env("PATH", &path);
        command.env("DAYMARK_DYNAMODB_URL", &up.dynamodb).env("MPLBACKEND", "Agg");
        command
            .env("DAYMARK_API_URL", &up.api)
            .env("AWS_ENDPOINT_URL", &up.dynamodb)
            .env("AWS_DEFAULT_REGION", "eu-central-1");
        command.env("AWS_ACCESS_KEY_ID", "any").env("AWS_SECRET_ACCESS_KEY", "any");
        output(&mut command)
    };
    let mut ran = 0;
    for (language, text) in blocks() {
        ran += 1;
        match language {
            "sh" => drop(run_in("bash", &["-euo", "pipefail", "-c", text])),
            "python" => drop(run_in(&python, &["-c", text])),
            "python boto3" => {
                let printed = run_in(&python, &["-c", text]);
                assert!(printed.contains("Decimal"), "the prices of the offers: {printed}");
            }
            "sql partiql" => {
                let select = clients(&up).dynamodb.execute_statement().statement(text.trim());
                let found = run(select.send()).expect("an answer");
                assert!(!found.items().is_empty());
            }
            "sh aws" => ran -= 1,
            other => panic!("a block of {other:?}"),
        }
    }
    assert_eq!(ran, 9, "blocks");
    assert!(folder.path().join("sold.png").is_file());
}
