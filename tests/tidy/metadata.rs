//! The workspace as `cargo metadata` and `cargo tree` report it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::root;

/// Package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Directory of the manifest.
    pub(crate) directory: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// Entry of a manifest's dependencies.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `true` for an entry of `[dev-dependencies]`.
    pub(crate) is_dev: bool,
    pub(crate) is_optional: bool,
}

/// Reads all packages of the workspace.
pub(crate) fn packages() -> Vec<Package> {
    let json = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"]);
    let metadata: Value = serde_json::from_str(&json).expect("JSON");
    metadata["packages"].as_array().expect("packages").iter().map(package).collect()
}

fn package(json: &Value) -> Package {
    let manifest = PathBuf::from(json["manifest_path"].as_str().expect("a path"));
    let dependencies = json["dependencies"].as_array().expect("dependencies");
    Package {
        name: text(&json["name"]),
        directory: manifest.parent().expect("a directory").to_owned(),
        dependencies: dependencies.iter().map(dependency).collect(),
    }
}

fn dependency(json: &Value) -> Dependency {
    Dependency {
        name: text(&json["name"]),
        is_dev: json["kind"] == "dev",
        is_optional: json["optional"] == true,
    }
}

fn text(json: &Value) -> String {
    json.as_str().expect("text").to_owned()
}

/// Names of all crates in the dependency tree of a package. `edges` are those of `cargo tree`.
pub(crate) fn tree(package: &str, edges: &str, options: &[&str]) -> Vec<String> {
    let mut arguments = vec!["tree", "--package", package, "--edges", edges, "--prefix", "none"];
    arguments.extend(["--locked", "--offline", "--format", "{p}"]);
    arguments.extend(options);
    let tree = cargo(&arguments);
    let names = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    assert!(names.iter().any(|name| name == package), "no tree of {package}: {tree:?}");
    names
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = output.expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}
