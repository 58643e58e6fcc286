//! A stage of the CDK app, deployed as an operator deploys one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use super::api::{READER, TILLS};
use super::aws::{ACCOUNT, Aws, REGION, ROOT_KEY};
use super::emulator::{Emulator, path};
use super::program::{ProgramOutput, command};
use crate::binaries;

/// Directory of the tests' files, below the target directory.
const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// Names the folder of Lambda binaries; without it they are built as the tests are.
const BINARIES: &str = "DAYMARK_DEPLOYED_BINARIES";

/// The emulator, and the stage that all tests share.
pub(crate) struct Deployed {
    emulator: Emulator,
    pub(crate) stage: Stage,
}

/// Starts the emulator and deploys the shared stage, once.
pub(crate) fn deployed() -> &'static Deployed {
    static DEPLOYED: LazyLock<Deployed> = LazyLock::new(|| {
        let folder = Path::new(FOLDER).join("deployed");
        let emulator = Emulator::start(&set_up(), &folder.join("emulator"));
        let account = format!("aws://{ACCOUNT}/{REGION}");
        cdk(&emulator.url, &["bootstrap", &account, "--app", ""]);
        let stage = Stage::deploy(&emulator, "proof", &bootstraps(&folder.join("binaries")));
        Deployed { emulator, stage }
    });
    &DEPLOYED
}

impl Deployed {
    /// Deploys another stage beside it.
    pub(crate) fn deploy(&self, name: &str) -> Stage {
        Stage::deploy(&self.emulator, name, &self.stage.binaries)
    }
}

/// A deployed stage.
pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) aws: Aws,
    url: String,
    /// The services for callers that do not come over TLS.
    pub(crate) in_the_clear: Aws,
    binaries: PathBuf,
    outputs: BTreeMap<String, String>,
}

impl Stage {
    fn deploy(emulator: &Emulator, name: &str, binaries: &Path) -> Self {
        let mut stage = Self {
            name: name.to_owned(),
            aws: Aws::root(&emulator.url),
            url: emulator.url.clone(),
            in_the_clear: Aws::root(&emulator.clear_url),
            binaries: binaries.to_owned(),
            outputs: BTreeMap::new(),
        };
        stage.outputs = stage.update(binaries);
        stage
    }

    /// Deploys it with these binaries, over what is there; gives its outputs.
    pub(crate) fn update(&self, binaries: &Path) -> BTreeMap<String, String> {
        let folder = Path::new(FOLDER).join("deployed").join(&self.name);
        let assembly = self.synthesize(binaries, &folder);
        let outputs = folder.with_extension("outputs.json");
        let words = ["deploy", "--require-approval", "never", "--app"];
        let files = [&assembly, "--outputs-file", &outputs.display().to_string()];
        cdk(&self.url, &[&words[..], &files[..]].concat());
        let text = std::fs::read_to_string(&outputs).expect("outputs");
        let outputs: Value = serde_json::from_str(&text).expect("JSON");
        let of_stack = outputs[self.stack()].as_object().expect("the stack's outputs");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        of_stack.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    /// Makes the template and its assets; gives their folder.
    fn synthesize(&self, binaries: &Path, folder: &Path) -> String {
        let assembly = folder.display().to_string();
        let settings = [
            format!("stage={}", self.name),
            format!("binaries={}", binaries.display()),
            format!("architecture={}", architecture(std::env::consts::ARCH)),
            "emulated=true".to_owned(),
            "keepData=false".to_owned(),
            "eventAgeMaxDays=any".to_owned(),
            "stockLogDays=forever".to_owned(),
            format!("tillClients={}", TILLS.join(",")),
            format!("readerClients={READER}"),
        ];
        let settings = settings.iter().flat_map(|setting| ["--context", setting]);
        // It is compiled already.
        let words = ["synth", "--quiet", "--build", "true", "--output", &assembly];
        let words = words.into_iter().chain(settings);
        cdk(&self.url, &words.collect::<Vec<_>>());
        assembly
    }

    /// Template of the last deployment.
    pub(crate) fn template(&self) -> Value {
        let folder = Path::new(FOLDER).join("deployed").join(&self.name);
        let path = folder.join(format!("{}.template.json", self.stack()));
        let text = std::fs::read_to_string(path).expect("a template");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Takes it down.
    pub(crate) fn destroy(&self) {
        let folder = Path::new(FOLDER).join("deployed").join(&self.name);
        cdk(&self.url, &["destroy", "--force", "--app", &folder.display().to_string()]);
    }

    /// Runs a verb of the program against it, as an operator does.
    #[track_caller]
    pub(crate) fn daymark(&self, words: &[&str]) -> String {
        let mut command = command(words.iter().copied().chain(["--stage", &self.name]));
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", REGION)
            .envs(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, ROOT_KEY)));
        ProgramOutput::of(command, "").success()
    }

    /// Name of the stack.
    pub(crate) fn stack(&self) -> String {
        format!("Daymark-{}", self.name)
    }

    /// The full name of a table, function or queue.
    pub(crate) fn of(&self, name: &str) -> String {
        format!("daymark-{}-{name}", self.name)
    }

    /// The address of a queue.
    pub(crate) fn queue(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{}", self.url, self.of(name))
    }

    /// An output of its stack.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.outputs))
    }

    /// The address of a service on the emulator.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The binaries that it was deployed with.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }
}

/// Runs the CDK as an operator does, with nothing but the endpoint to tell the emulator from AWS.
pub(crate) fn cdk(endpoint: &str, words: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cdk");
    let ran = Command::new(folder.join("node_modules/.bin/cdk"))
        .args(words)
        .current_dir(&folder)
        .env_clear()
        .env("PATH", path())
        .envs(["HOME", "CDK_HOME"].map(|name| (name, FOLDER)))
        .env("CI", "true")
        .env("AWS_ENDPOINT_URL", endpoint)
        .envs(["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name, REGION)))
        .envs(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, ROOT_KEY)))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("the CDK runs");
    let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(ran.status.success(), "cdk {}: {}\n{out}\n{err}", words.join(" "), ran.status);
}

/// Returns Lambda's name for the architecture on which these binaries were built and run.
fn architecture(machine: &str) -> &str {
    match machine {
        "aarch64" => "arm64",
        same => same,
    }
}

#[test]
fn a_stage_has_the_architecture_of_the_machine_that_runs_its_binaries() {
    assert_eq!(architecture("x86_64"), "x86_64");
    assert_eq!(architecture("aarch64"), "arm64");
    let functions = &deployed().stage.template()["Resources"];
    let here = architecture(std::env::consts::ARCH);
    let rust = functions.as_object().expect("resources").values().filter(|resource| {
        resource["Type"] == "AWS::Lambda::Function"
            && resource["Properties"]["Runtime"] == "provided.al2023"
    });
    for function in rust {
        assert_eq!(function["Properties"]["Architectures"], serde_json::json!([here]));
    }
}

/// Installs what is missing; gives the emulator's program.
fn set_up() -> PathBuf {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deployed/setup");
    let ran = Command::new(&setup).output().expect("bash runs");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {}\n{err}", setup.display(), ran.status);
    PathBuf::from(String::from_utf8(ran.stdout).expect("a path").trim_end())
}

/// The Lambda binaries as the CDK app looks for them, `<binary>/bootstrap`.
fn bootstraps(folder: &Path) -> PathBuf {
    if let Some(named) = std::env::var_os(BINARIES) {
        return PathBuf::from(named);
    }
    for binary in binaries::ALL {
        let of_binary = folder.join(binary);
        std::fs::create_dir_all(&of_binary).expect("a folder");
        // Debug symbols would triple what is packed, sent and unpacked.
        let stripped = Command::new("strip")
            .arg("--strip-all")
            .arg("-o")
            .arg(of_binary.join("bootstrap"))
            .arg(binaries::path(binary))
            .status();
        assert!(stripped.is_ok_and(|ended| ended.success()), "strip comes with the C compiler");
    }
    folder.to_owned()
}
