//! Damaged segments: bytes that are no segment are an error and never a panic.

mod events;
mod segments;

use domain::limits::SEGMENT_UNPACKED_BYTES_MAX;
use proptest::prelude::*;
use proptest::sample::Index;
use segments::{
    CHECKSUM_BYTES, events_of_date, is_refused_or_valid, largest, message, pack, sales, unpack,
    with_checksum,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_are_an_error_or_valid_events(
        events in events_of_date(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut_at in any::<Index>(),
    ) {
        let bytes = pack(events.iter().chain(&sales(1)));
        let mut damaged = bytes[..bytes.len() - CHECKSUM_BYTES].to_vec();
        for (place, byte) in damage {
            let place = place.index(damaged.len());
            damaged[place] = byte;
        }
        is_refused_or_valid(&with_checksum(&damaged));
        is_refused_or_valid(&with_checksum(&damaged[..cut_at.index(damaged.len())]));
    }

    #[test]
    fn any_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0..4_u8], 0..200),
        ours in any::<bool>(),
    ) {
        is_refused_or_valid(&bytes);
        let head: &[u8] = if ours { &[1, 0] } else { &[] };
        is_refused_or_valid(&with_checksum(&[head, &bytes].concat()));
    }
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    for events in [sales(1), sales(10), sales(100), vec![largest(1), largest(2)]] {
        let bytes = pack(&events);
        for bit in 0..bytes.len() * 8 {
            assert!(unpack(&flipped(&bytes, bit)).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(unpack(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}

/// Damage that has the checksum of the damaged bytes, as only a program could make it.
#[test]
fn a_flipped_bit_behind_the_checksum_is_refused_or_a_valid_event() {
    for events in [sales(1), sales(3), vec![largest(1)]] {
        let bytes = pack(&events);
        let (bytes, _) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        (0..bytes.len() * 8)
            .for_each(|bit| is_refused_or_valid(&with_checksum(&flipped(bytes, bit))));
        (0..bytes.len()).for_each(|length| is_refused_or_valid(&with_checksum(&bytes[..length])));
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[test]
fn the_message_names_the_damage() {
    assert_eq!(message(&[]), "the segment is empty");
    let mut bytes = pack(&sales(3));
    bytes[20] ^= 1;
    assert_eq!(message(&bytes), "the segment is damaged: its checksum does not match");
    let rules: [(&[u8], &str); 5] = [
        (&[1], "its end is missing"),
        (&[1, 2, 0], "unknown compression 2"),
        (&[1, 0, 9], "its end is missing"),
        (&[1, 0, 1, 0], "it has no event"),
        (
            &[1, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 7],
            "its events take more than 4194304 bytes of memory",
        ),
    ];
    for (bytes, rule) in rules {
        assert_eq!(message(&with_checksum(bytes)), format!("the segment is damaged: {rule}"));
    }
}

#[test]
fn a_later_version_is_told() {
    let mut bytes = pack(&sales(3));
    bytes[0] = 2;
    assert_eq!(message(&bytes), "the segment is of version 2; this program knows version 1");
    assert_eq!(message(&[7]), "the segment is of version 7; this program knows version 1");
}

#[test]
fn a_small_frame_does_not_inflate_without_bound() {
    let inflated = |size: usize| {
        let frame = zstd::bulk::compress(&vec![0; size], 19).expect("a frame");
        let mut bytes = vec![1, 1];
        bytes.extend(postcard::to_allocvec(&frame.len()).expect("a number"));
        bytes.extend(frame);
        message(&with_checksum(&bytes))
    };
    let limit = SEGMENT_UNPACKED_BYTES_MAX;
    let damaged = "the segment is damaged: ";
    assert_eq!(inflated(limit), format!("{damaged}it has no event"));
    let more = limit + 1;
    let refused = format!("{damaged}it inflates to {more} bytes; at most {limit} are allowed");
    assert_eq!(inflated(more), refused);
}
