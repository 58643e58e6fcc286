//! The table of deliberate breakages fits today's source.

use std::path::Path;

use simulation::MUTATIONS;

#[test]
fn every_mutation_finds_its_place_exactly_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for mutation in MUTATIONS {
        let source = std::fs::read_to_string(root.join(mutation.file)).expect(mutation.file);
        let found = source.matches(mutation.find).count();
        assert_eq!(found, 1, "{}: {:?}", mutation.file, mutation.find);
        assert_ne!(mutation.find, mutation.replace, "{}", mutation.breaks);
    }
}
