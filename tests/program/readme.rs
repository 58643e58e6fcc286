//! The tour of README.md, executed: its blocks are extracted, run in order, and compared.
//!
//! In a block of the tour a line that begins with `$ ` is a command. It continues up to the next
//! command if it ends in `\\`, has an open quote or an open `<<END`; the lines after it are its
//! output. Output is compared without white space and frames of tables. `…` stands for any text,
//! and every number of 20 or more digits for any other.

use std::path::Path;
use std::process::Command;

use crate::support::{UpProcess, eventually, is_frame};
use crate::up::put;

/// Command of the tour with the output that README shows.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) output: String,
}

/// Returns the steps of the tour, from the start of the servers to the deployment.
fn tour() -> Vec<Step> {
    let readme = include_str!("../../README.md");
    let (_, tour) = readme.split_once("### Run the servers").expect("the tour");
    let (tour, _) = tour.split_once("## On AWS").expect("the end of the tour");
    blocks(tour)
}

/// Returns the steps of all blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<Step> {
    text.split("```\n").skip(1).step_by(2).flat_map(steps).collect()
}

fn steps(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), output: String::new() });
        } else if let Some(step) = steps.last_mut() {
            let part = if is_open(&step.command) { &mut step.command } else { &mut step.output };
            *part += "\n";
            *part += line;
        }
    }
    steps
}

/// `true` if the next line belongs to the command as well.
fn is_open(command: &str) -> bool {
    let begins = ["<<END", "<<'END'"].iter().any(|begin| command.contains(begin));
    let heredoc = begins && !command.ends_with("\nEND");
    let quotes = command.chars().filter(|c| *c == '\'').count();
    heredoc || command.ends_with('\\') || quotes % 2 == 1
}

/// Returns the parts between wildcards, without white space, frames and long numbers.
fn normal(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !is_frame(*c)).collect();
    let digits = |c: char| c.is_ascii_digit();
    let mut rest = text.as_str();
    let mut normal = String::new();
    while let Some(start) = rest.find(digits) {
        let number = &rest[start..];
        let length = number.find(|c| !digits(c)).unwrap_or(number.len());
        normal += &rest[..start];
        normal += if length >= 20 { "#" } else { &number[..length] };
        rest = &number[length..];
    }
    normal + rest
}

/// Asserts that the parts of `shown` between wildcards appear in `output`, in this order.
pub(crate) fn compare(shown: &str, output: &str) -> Result<(), String> {
    let output = normal(output);
    let mut rest = output.as_str();
    for part in normal(shown).split('…') {
        let at = rest.find(part).ok_or_else(|| format!("{part} is not in {rest}"))?;
        rest = &rest[at + part.len()..];
    }
    Ok(())
}

/// Returns `true` if a program is on the PATH.
fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs a command of the tour in a shell, against the ports of a running program.
pub(crate) fn run(up: &UpProcess, folder: &Path, command: &str) -> Result<String, String> {
    let mut text = command.to_owned();
    for (port, url) in [("7400", &up.api), ("7401", &up.kinesis), ("7402", &up.dynamodb)] {
        text = text.replace(&format!("http://127.0.0.1:{port}"), url);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_daymark")).parent().expect("a folder");
    let text = format!("export PATH='{}':\"$PATH\"\n{text}", program.display());
    let output = Command::new("bash")
        .args(["-c", &text])
        .current_dir(folder)
        .env("DAYMARK_API_URL", &up.api)
        .env("DAYMARK_DYNAMODB_URL", &up.dynamodb)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env_remove("COLUMNS")
        .output()
        .expect("bash starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    if output.status.success() { Ok(out) } else { Err(format!("{command}\n{out}\n{err}")) }
}

#[test]
fn the_tour_of_the_readme_does_what_it_shows() {
    assert!(
        is_installed("curl"),
        "the tour needs curl; tests/prerequisites says how to install it"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let steps = tour();
    assert!(steps.len() > 10, "{steps:?}");
    let mut up: Option<UpProcess> = None;
    for Step { command, output } in &steps {
        if let Some(arguments) = command.strip_prefix("daymark up") {
            // The next program uses the ports of the one before.
            drop(up.take());
            let arguments: Vec<&str> = arguments.split_whitespace().collect();
            let started = UpProcess::start_in(folder, &arguments);
            let shown = [("7400", &started.api), ("7401", &started.kinesis)];
            let mut output = output.replace("http://127.0.0.1:7402", &started.dynamodb);
            for (port, url) in shown {
                output = output.replace(&format!("http://127.0.0.1:{port}"), url);
            }
            compare(&output, &started.guide).unwrap_or_else(|error| panic!("{command}: {error}"));
            up = Some(started);
            continue;
        }
        let up = up.as_ref().expect("a server");
        if command.starts_with("aws ") && !is_installed("aws") {
            // Few machines have the AWS CLI. Its SDK sends the same call.
            put(up, std::fs::read(folder.join("sale.json")).expect("made by the tour"));
            continue;
        }
        // Stock appears shortly after the acknowledgement.
        let is_query = command.starts_with("daymark stock");
        let check = || compare(output, &run(up, folder, command)?);
        if is_query {
            eventually(command, check);
        } else if let Err(error) = check() {
            panic!("{command}: {error}");
        }
    }
}
