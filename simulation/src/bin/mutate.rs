//! `mutate`: applies one mutation at a time to a copy of the source and runs the simulation until
//! a check fails, or the test that the patch names.
#![expect(clippy::print_stdout, reason = "this program reports to the terminal")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use comfy_table::{Table, presets};

/// Break the source on purpose and check that the simulation or a test notices.
///
/// Copies the source to target/mutants and applies the patches of simulation/mutations there, one
/// at a time. Builds the simulation for each (the first time with all dependencies) and runs seeds
/// until one fails. A patch with a line `Check: cargo test ...` is checked by this command instead.
/// Exits with 1 if a mutation is not caught.
#[derive(Debug, Parser)]
struct MutateArgs {
    /// Number of seeds to run for each mutation
    #[arg(long, default_value_t = 500, value_name = "N")]
    seeds: u64,

    /// Only mutations with this text in their description or file name
    #[arg(long, default_value = "", value_name = "TEXT")]
    only: String,
}

type AnyError = Box<dyn Error>;

fn main() -> Result<ExitCode, AnyError> {
    let args = MutateArgs::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let program = std::env::current_exe()?;
    let profile = program.parent().ok_or("the program's path has no folder")?;
    let target = profile.parent().ok_or("the program's path has no target folder")?;
    let mutants =
        Mutants { copy: target.join("mutants"), is_release: profile.ends_with("release") };
    copy_tracked(&root, &mutants.copy)?;

    if let MutantResult::Caught { check, .. } = mutants.run(20)? {
        return Err(format!("the source fails without a mutation: {check}").into());
    }
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["mutation", "file", "caught by", "worlds before"]);
    let mut survivors = 0;
    for mutation in mutations(&root)? {
        if !mutation.description.contains(&args.only) && !mutation.file.contains(&args.only) {
            continue;
        }
        mutants.apply(&mutation, false)?;
        let result = match &mutation.check {
            None => mutants.run(args.seeds),
            Some(check) => mutants.test(check),
        };
        mutants.apply(&mutation, true)?;
        let (check, worlds) = match result? {
            MutantResult::Caught { check, worlds } => (check, worlds),
            MutantResult::Survived => {
                survivors += 1;
                ("NOT CAUGHT".to_owned(), args.seeds.to_string())
            }
        };
        println!("{}: {check}", mutation.description);
        table.add_row([mutation.description, mutation.file, check, worlds]);
    }
    println!("\n{table}");
    Ok(ExitCode::from(u8::from(survivors > 0)))
}

/// A patch of `simulation/mutations`.
struct Mutation {
    patch: PathBuf,
    /// First line of the patch.
    description: String,
    /// Command that catches the mutation. `None` for the simulation.
    check: Option<String>,
    /// File that the patch changes, relative to the root of the checkout.
    file: String,
}

/// Reads all patches, sorted by name.
fn mutations(root: &Path) -> Result<Vec<Mutation>, AnyError> {
    let mut mutations = Vec::new();
    for entry in fs::read_dir(root.join("simulation/mutations"))? {
        let patch = entry?.path();
        let text = fs::read_to_string(&patch)?;
        let description = text.lines().next().unwrap_or_default().to_owned();
        let file = text.lines().find_map(|line| line.strip_prefix("+++ b/"));
        let file = file.ok_or_else(|| format!("{} names no file", patch.display()))?.to_owned();
        let check = text.lines().find_map(|line| line.strip_prefix("Check: ")).map(str::to_owned);
        mutations.push(Mutation { patch, description, check, file });
    }
    mutations.sort_by(|a, b| a.patch.cmp(&b.patch));
    Ok(mutations)
}

/// Copy of the source in which mutants are built and run.
struct Mutants {
    copy: PathBuf,
    is_release: bool,
}

enum MutantResult {
    Survived,
    Caught { check: String, worlds: String },
}

impl Mutants {
    /// Applies a patch to the copy, or reverts it.
    fn apply(&self, mutation: &Mutation, reverts: bool) -> Result<(), AnyError> {
        // Outside of a repository `git apply` takes paths relative to the current folder. Inside
        // it would ignore the copy, which lies below the folder of another repository.
        let output = Command::new("git")
            .arg("apply")
            .args(reverts.then_some("--reverse"))
            .arg(&mutation.patch)
            .env("GIT_CEILING_DIRECTORIES", self.copy.parent().unwrap_or(&self.copy))
            .current_dir(&self.copy)
            .output()?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    /// Runs a command of tests in the copy.
    fn test(&self, check: &str) -> Result<MutantResult, AnyError> {
        let arguments =
            check.strip_prefix("cargo test ").ok_or("a check begins with cargo test")?;
        let output = Command::new(env!("CARGO"))
            .args(["test", "--quiet", "--offline"])
            .args(arguments.split(' '))
            .env("CARGO_TARGET_DIR", self.copy.join("target"))
            .current_dir(&self.copy)
            .output()?;
        if output.status.success() {
            return Ok(MutantResult::Survived);
        }
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !stdout.contains("test result: FAILED") {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the test does not build or run:\n{stdout}\n{stderr}").into());
        }
        Ok(MutantResult::Caught { check: check.to_owned(), worlds: "-".to_owned() })
    }

    /// Builds the copy and runs seeds until one fails.
    fn run(&self, seeds: u64) -> Result<MutantResult, AnyError> {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--offline", "--package", "simulation"])
            .args(["--bin", "simulation"])
            .args(self.is_release.then_some("--release"))
            .args(["--", "--no-shrink", "--seeds", &seeds.to_string()])
            .env("CARGO_TARGET_DIR", self.copy.join("target"))
            .current_dir(&self.copy)
            .output()?;
        if output.status.success() {
            return Ok(MutantResult::Survived);
        }
        // `seed 7 fails`, then one line for each violation: `  check: detail`.
        let stdout = String::from_utf8_lossy(&output.stdout);
        let mut lines = stdout.lines().skip_while(|line| !line.starts_with("seed "));
        let check = lines.nth(1).and_then(|line| line.trim().split_once(": "));
        let Some((check, _)) = check else {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the mutant does not build or run:\n{stdout}\n{stderr}").into());
        };
        let worlds = stdout.lines().find_map(|line| line.strip_prefix("after "));
        let worlds = worlds.and_then(|line| line.split(' ').next()).unwrap_or("?");
        Ok(MutantResult::Caught { check: check.to_owned(), worlds: worlds.to_owned() })
    }
}

/// Copies the files that git does not ignore. Unchanged files keep their modification time, so
/// that cargo rebuilds only the changed ones.
fn copy_tracked(root: &Path, copy: &Path) -> Result<(), AnyError> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            fs::create_dir_all(to.parent().ok_or("a tracked file has no folder")?)?;
            fs::write(&to, bytes)?;
        }
    }
    Ok(())
}
