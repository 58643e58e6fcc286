//! docs/till-files.md, executed: five layouts of till exports from the file to the first offer.

use crate::readme::{Step, blocks, compare, run};
use crate::support::{UpProcess, eventually};

#[test]
fn the_layouts_of_the_page_go_from_the_file_to_the_first_offer() {
    let folder = tempfile::tempdir().expect("a folder");
    let steps = blocks(include_str!("../../docs/till-files.md"));
    let [first, rest @ ..] = &steps[..] else { panic!("no block") };
    let arguments = first.command.strip_prefix("daymark up ").expect("the server");
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let up = UpProcess::start_in(folder.path(), &arguments);
    assert!(rest.len() > 15, "{rest:?}");
    for Step { command, output } in rest {
        let check = || compare(output, &run(&up, folder.path(), command)?);
        // Stock appears shortly after the acknowledgement.
        if command.contains("daymark stock") || command.contains("daymark price") {
            eventually(command, check);
        } else if let Err(error) = check() {
            panic!("{command}: {error}");
        }
    }
}
