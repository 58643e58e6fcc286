//! `mutate`: breaks the source on purpose, one mutation at a time, and tells which check caught it.
#![expect(clippy::print_stdout, reason = "a program of tests talks to its user")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use comfy_table::{Table, presets};
use simulation::{MUTATIONS, Mutation};

/// Break the source on purpose, and see the simulation catch it.
///
/// Copies the source to target/mutants, applies one mutation at a time, builds the
/// simulation there (the first time with everything that it needs) and runs seeds until one fails.
/// Fails itself when a mutation is not caught.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds a mutation may survive
    #[arg(long, default_value_t = 500, value_name = "N")]
    seeds: u64,

    /// Only mutations whose line or file has this in it
    #[arg(long, default_value = "", value_name = "TEXT")]
    only: String,
}

type Failed = Box<dyn Error>;

fn main() -> Result<ExitCode, Failed> {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let program = std::env::current_exe()?;
    let profile = program.parent().ok_or("this program lies in no folder")?;
    let target = profile.parent().ok_or("this program lies in no folder")?;
    let copy = target.join("mutants");
    copy_tracked(&root, &copy)?;
    let bench = Bench { copy, is_release: profile.ends_with("release") };

    if let Verdict::Caught { check, .. } = bench.judge(20)? {
        return Err(format!("the source as it is fails already: {check}").into());
    }
    let wanted = |mutation: &&Mutation| {
        mutation.breaks.contains(&arguments.only) || mutation.file.contains(&arguments.only)
    };
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["what is broken", "where", "caught by", "worlds before"]);
    let mut survivors = 0;
    for mutation in MUTATIONS.iter().filter(wanted) {
        let place = bench.copy.join(mutation.file);
        let source = fs::read_to_string(&place)?;
        fs::write(&place, source.replacen(mutation.find, mutation.replace, 1))?;
        let verdict = bench.judge(arguments.seeds);
        fs::write(&place, source)?;
        let verdict = verdict?;
        println!("{}: {}", mutation.breaks, verdict.told());
        let (check, worlds) = match verdict {
            Verdict::Caught { check, worlds } => (check, worlds),
            Verdict::Survived => {
                survivors += 1;
                ("NOT CAUGHT".to_owned(), arguments.seeds.to_string())
            }
        };
        table.add_row([mutation.breaks, mutation.file, &check, &worlds]);
    }
    println!("\n{table}");
    Ok(ExitCode::from(u8::from(survivors > 0)))
}

/// Where mutants are built and run.
struct Bench {
    copy: PathBuf,
    is_release: bool,
}

enum Verdict {
    Survived,
    Caught { check: String, worlds: String },
}

impl Verdict {
    fn told(&self) -> String {
        match self {
            Self::Survived => "no failure".to_owned(),
            Self::Caught { check, worlds } => format!("caught by {check} after {worlds} worlds"),
        }
    }
}

impl Bench {
    /// Builds what lies in the copy and runs seeds until one fails.
    fn judge(&self, seeds: u64) -> Result<Verdict, Failed> {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--offline", "--package", "simulation"])
            .args(["--bin", "simulation"])
            .args(self.is_release.then_some("--release"))
            .args(["--", "--no-shrink", "--seeds", &seeds.to_string()])
            .env("CARGO_TARGET_DIR", self.copy.join("target"))
            .current_dir(&self.copy)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            return Ok(Verdict::Survived);
        }
        // `seed 7 fails`, then a line for each objection: `  check: what`.
        let mut lines = said.lines().skip_while(|line| !line.starts_with("seed "));
        let check = lines.nth(1).and_then(|line| line.trim().split_once(": "));
        let Some((check, _)) = check else {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("the mutant does not build or run:\n{said}\n{errors}").into());
        };
        let after = said.lines().find_map(|line| line.strip_prefix("after "));
        let worlds = after.and_then(|line| line.split(' ').next()).unwrap_or("?");
        Ok(Verdict::Caught { check: check.to_owned(), worlds: worlds.to_owned() })
    }
}

/// Copies what is not ignored by git; files that are the same already keep their time.
fn copy_tracked(root: &Path, copy: &Path) -> Result<(), Failed> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), copy.join(name));
        let Ok(now) = fs::read(&from) else { continue };
        if fs::read(&to).ok().as_ref() != Some(&now) {
            fs::create_dir_all(to.parent().ok_or("a file lies in a folder")?)?;
            fs::write(&to, now)?;
        }
    }
    Ok(())
}
