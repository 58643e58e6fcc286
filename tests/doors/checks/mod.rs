//! What each door promises about any bytes at all. A check panics when the promise is broken.

mod body;
mod catalogue;
mod decide;
mod event;
mod given;
mod kinesis;
mod memory;
mod record;
mod row;
mod till_lines;

/// Gives `data` to a door.
pub(crate) fn knock(door: &str, data: &[u8]) {
    match door {
        "body" => body::check(data),
        "catalogue" => catalogue::check(data),
        "decide" => decide::check(data),
        "event" => event::check(data),
        "kinesis" => kinesis::check(data),
        "record" => record::check(data),
        "row" => row::check(data),
        "till_lines" => till_lines::check(data),
        other => panic!("there is no door {other}"),
    }
}
