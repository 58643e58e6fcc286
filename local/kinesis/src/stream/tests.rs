//! Routing of hashes to shards after any series of changes.

use proptest::prelude::*;

use super::*;

fn stream(count: u32) -> StreamMetadata {
    StreamMetadata::new("s".into(), 1, StreamMode::Provisioned, count)
}

fn check_cover(stream: &StreamMetadata) {
    let mut ranges: Vec<HashRange> = stream.open_shards().map(|shard| shard.range).collect();
    ranges.sort_by_key(|range| range.start);
    assert_eq!(ranges.first().map(|range| range.start), Some(0));
    assert_eq!(ranges.last().map(|range| range.end), Some(u128::MAX));
    for pair in ranges.windows(2) {
        assert_eq!(pair[0].end + 1, pair[1].start, "a gap or an overlap");
    }
}

#[test]
fn initial_shards_have_the_ranges_of_the_service() {
    let two = HashRange::uniform(2);
    assert_eq!(two[0].end, 170_141_183_460_469_231_731_687_303_715_884_105_727);
    let three = HashRange::uniform(3);
    assert_eq!(three[0].end, 113_427_455_640_312_821_154_458_202_477_256_070_484);
    assert_eq!(three[1].end, 226_854_911_280_625_642_308_916_404_954_512_140_969);
    assert_eq!(three[2].end, u128::MAX);
}

#[test]
fn two_shards_become_three_by_splits_and_one_merge() {
    let mut stream = stream(2);
    stream.scale(3, 5);
    let mut open: Vec<HashRange> = stream.open_shards().map(|shard| shard.range).collect();
    open.sort_by_key(|range| range.start);
    assert_eq!(open, HashRange::uniform(3));
    let merged = stream.open_shards().find(|shard| shard.parents.len() == 2);
    assert_eq!(merged.map(|shard| shard.generation), Some(2));
}

#[test]
fn a_shard_with_a_new_range_stays_open() {
    let mut stream = stream(4);
    let before = stream.clone();
    stream.scale(4, 5);
    assert_eq!(stream, before);
}

#[test]
fn only_twelve_digits_name_a_shard() {
    assert_eq!(shard_number("shardId-000000000007"), Some(7));
    for wrong in ["shardId-7", "shardId-+00000000007", "000000000007", "shardId-99999999999999"] {
        assert_eq!(shard_number(wrong), None, "{wrong}");
    }
}

#[derive(Debug, Clone)]
enum Change {
    Split(usize, u128),
    Merge(usize),
    Scale(u32),
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), any::<u128>()).prop_map(|(which, at)| Change::Split(which, at)),
        any::<usize>().prop_map(Change::Merge),
        (1u32..9).prop_map(Change::Scale),
    ]
}

fn apply(stream: &mut StreamMetadata, change: &Change, now_ms: i64) {
    let mut open: Vec<ShardMetadata> = stream.open_shards().cloned().collect();
    open.sort_by_key(|shard| shard.range.start);
    match *change {
        Change::Split(which, at) => {
            let shard = &open[which % open.len()];
            let length = shard.range.end - shard.range.start;
            // Some points are outside the range. Such a split must change nothing.
            let at = shard.range.start.saturating_add(at % length.max(1));
            let _ = stream.split(&shard.id(), at, now_ms);
        }
        Change::Merge(which) if open.len() > 1 => {
            let at = which % (open.len() - 1);
            stream.merge(&open[at + 1].id(), &open[at].id(), now_ms).expect("neighbours merge");
        }
        Change::Merge(_) => {}
        Change::Scale(target) => stream.scale(target, now_ms),
    }
}

proptest! {
    #[test]
    fn every_hash_belongs_to_exactly_one_open_shard_after_any_changes(
        count in 1u32..9,
        changes in prop::collection::vec(any_change(), 0..12),
        hashes in prop::collection::vec(any::<u128>(), 1..20),
    ) {
        let mut stream = stream(count);
        for (step, change) in changes.iter().enumerate() {
            apply(&mut stream, change, step as i64);
            check_cover(&stream);
        }
        for hash in hashes.into_iter().chain([0, u128::MAX]) {
            let owners = stream.open_shards().filter(|shard| shard.range.contains(hash)).count();
            prop_assert_eq!(owners, 1);
        }
    }

    #[test]
    fn a_child_counts_from_above_its_parents(
        changes in prop::collection::vec(any_change(), 1..12),
        count in 1u32..5,
    ) {
        let mut stream = stream(count);
        for change in &changes {
            apply(&mut stream, change, 3);
        }
        for shard in &stream.shards {
            for parent in shard.parents.iter().filter_map(|number| stream.shard(*number)) {
                prop_assert!(stream.sequence(shard, 0) > stream.sequence(parent, u64::MAX));
            }
        }
    }

    #[test]
    fn a_stream_reads_back_as_it_was_written(count in 1u32..9, target in 1u32..9) {
        let mut stream = stream(count);
        stream.scale(target, 9);
        let text = serde_json::to_string(&stream).expect("plain data");
        let read: StreamMetadata = serde_json::from_str(&text).expect("a stream");
        prop_assert_eq!(read, stream);
    }
}
