//! Times of till exports as instants: offsets, zones, forms and fractions.

mod exports;

use domain::Store;
use exports::{TILL, read, read_file, read_in_zones, values};
use import::{StoreZones, TillLine};

/// Returns the instant of one time in an export, or the rule that refuses it.
fn instant(flags: &str, time: &str) -> String {
    let flags = format!("{TILL} --store corner {flags}");
    let text = format!("time,item,qty,paid\n\"{time}\",rye,1,3.90\n");
    match &read(&flags, &text)[..] {
        [TillLine::Event { event, .. }] => event.event().occurred_at().to_rfc3339(),
        [TillLine::Invalid { problem, .. }] => {
            assert_eq!(problem.given.as_deref(), Some(time));
            let rule = problem.rule.strip_prefix("occurred_at (column time) ");
            rule.expect("the column").to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_offset_behind_the_time_counts_whatever_the_format() {
    for flags in [
        "--time-format '%Y-%m-%d %H:%M:%S %z'",
        "--time-format '%Y-%m-%d %H:%M:%S'",
        "--time-format '%Y-%m-%d %H:%M:%S %Z'",
        "",
        "--zone Europe/Berlin",
    ] {
        for time in [
            "2026-11-20 10:00:00 -0500",
            "2026-11-20 10:00:00-05:00",
            "2026-11-20 10:00:00.000 -0500",
            "2026-11-20T10:00:00-05:00",
        ] {
            let is_plain = flags.contains("%z") && (time.contains(".0") || time.contains("0-05"));
            if !is_plain || time.contains('T') {
                assert_eq!(instant(flags, time), "2026-11-20T15:00:00+00:00", "{flags} {time}");
            }
        }
    }
    for time in [
        "2026-11-20 10:00:00 -05",
        "2026-11-20 10:00 AM -5:00",
        "2026-11-20 10:00:00 GMT-0500 (Eastern Standard Time)",
        "2026-11-20 10:00:00 America/New_York",
        "2026-11-20T10:00:00-05:00[America/New_York]",
        "2026-11-20 10:00:00 [America/New_York]",
        "2026-11-20 15:00:00Z",
        "2026-11-20 15:00:00 UTC",
        "Fri Nov 20 2026 10:00:00 GMT-0500 (EST)",
    ] {
        assert_eq!(instant("", time), "2026-11-20T15:00:00+00:00", "{time}");
    }
}

#[test]
fn the_end_of_a_date_is_no_offset() {
    assert_eq!(
        instant("--time-format '%H:%M %Y-%m-%d' --zone Europe/Berlin", "10:00 2026-11-05"),
        "2026-11-05T09:00:00+00:00"
    );
    assert_eq!(
        instant("--time-format '%H:%M %d-%m-%Y'", "10:00 05-11-2026"),
        "2026-11-05T10:00:00+00:00"
    );
}

#[test]
fn an_abbreviation_counts_if_the_zone_of_the_line_uses_it() {
    let berlin = "--zone Europe/Berlin";
    // The hour after two o'clock comes twice.
    assert_eq!(instant(berlin, "2026-10-25 02:30:00 CEST"), "2026-10-25T00:30:00+00:00");
    assert_eq!(instant(berlin, "2026-10-25 02:30:00 CET"), "2026-10-25T01:30:00+00:00");
    assert_eq!(
        instant(berlin, "2026-11-20 10:00:00 EST"),
        "has the zone EST, and Europe/Berlin has another name then; --zone names the zone of the \
         lines, like America/New_York"
    );
}

#[test]
fn times_with_one_meaning_need_no_format() {
    for time in [
        "2026-11-20 15:00:00",
        "2026-11-20 15:00",
        "2026-11-20 3:00:00 PM",
        "2026-11-20 3:00\u{202f}PM",
        "2026-11-20  03:00 p.m.",
        "2026/11/20 15:00",
        "20.11.2026 15:00",
        "20.11.2026, 15:00:00",
        "Nov 20, 2026 3:00 PM",
        "20 November 2026 15:00",
        "20-Nov-2026 15:00",
        "20261120150000",
        "1795186800",
        "1795186800.000",
        "1795186800000",
        "1795186800000000",
    ] {
        assert_eq!(instant("", time), "2026-11-20T15:00:00+00:00", "{time}");
    }
    // Seconds since 1970 have no zone.
    let zone = "--zone Asia/Seoul";
    assert_eq!(instant(zone, "1795186800"), "2026-11-20T15:00:00+00:00");
    assert_eq!(
        instant(&format!("{zone} --time-format %s"), "1795186800"),
        "2026-11-20T15:00:00+00:00"
    );
    assert_eq!(instant(zone, "2026-11-21 12:00 AM"), "2026-11-20T15:00:00+00:00");
    assert_eq!(instant(zone, "2026-11-21 12:00 PM"), "2026-11-21T03:00:00+00:00");
}

#[test]
fn a_time_with_two_meanings_is_refused_with_the_flag_that_says_which() {
    for time in ["20.11.26 15:00", "03/04/2026 15:00", "3-4-2026 15:00", "03/04/26 3:00 PM"] {
        let rule = instant("", time);
        assert!(
            rule.starts_with("has a date of which day and month cannot be told apart"),
            "{rule}"
        );
    }
    assert_eq!(
        instant("--time-format '%m/%d/%y %I:%M %p'", "03/04/26 3:00 PM"),
        "2026-03-04T15:00:00+00:00"
    );
    for time in ["yesterday", "2026-11-20 25:00", "2026-11-20 13:00 PM", "12345"] {
        let rule = instant("", time);
        assert!(rule.starts_with("is n") && rule.contains("--time-format"), "{time}: {rule}");
    }
}

#[test]
fn fractions_of_seconds_need_no_format() {
    for flags in ["", "--time-format '%Y-%m-%d %H:%M:%S'"] {
        for time in
            ["2026-11-20 15:00:00.5", "2026-11-20 15:00:00,500", "2026-11-20 15:00:00.500000"]
        {
            assert_eq!(instant(flags, time), "2026-11-20T15:00:00.500+00:00", "{flags} {time}");
        }
    }
    assert_eq!(
        instant("--time-format '%d/%m/%Y %H:%M:%S %p'", "20/11/2026 03:00:00.25 PM"),
        "is not a time like \"%d/%m/%Y %H:%M:%S %p\" (input contains invalid characters); \
         --time-format names the form"
    );
}

#[test]
fn a_date_without_a_time_needs_one_by_a_flag() {
    let dates = [("", "2026-11-20"), ("", "20.11.2026"), ("--time-format %d/%m/%Y", "20/11/2026")];
    for (flags, time) in dates {
        assert_eq!(
            instant(flags, time),
            "is a date without a time; --time-of-day 12:00 sets the time of such lines"
        );
        let flags = format!("{flags} --time-of-day 12:00 --zone Europe/Berlin");
        assert_eq!(instant(&flags, time), "2026-11-20T11:00:00+00:00");
    }
}

fn catalogue() -> StoreZones {
    let stores = [("london", "Europe/London"), ("toronto", "America/Toronto")];
    let stores = stores.map(|(store_id, zone)| {
        let json =
            format!(r#"{{"store_id":"{store_id}","zone":"{zone}","hours":"mon-sun 07:00-18:00"}}"#);
        Store::parse(&json).expect("a store")
    });
    stores.iter().collect()
}

#[test]
fn each_line_has_the_zone_of_its_cell_or_of_the_flag_or_of_its_store() {
    let hours = |flags: &str, text: &str| {
        let file = read_in_zones(&format!("{TILL} {flags}"), text, &catalogue()).expect("a file");
        let hour = |line: &TillLine| match line {
            TillLine::Event { event, .. } => event.event().occurred_at().format("%H").to_string(),
            other => panic!("{other:?}"),
        };
        (file.lines.iter().map(hour).collect::<Vec<_>>(), file.notes)
    };
    let text = "time,item,qty,paid,shop\n2026-11-20 10:00:00,rye,1,2.00,london\n\
                2026-11-20 10:00:00,rye,1,2.00,toronto\n2026-11-20 10:00:00,rye,1,2.00,oslo\n";
    let (by_store, notes) = hours("--map store_id=shop", text);
    assert_eq!(by_store, ["10", "15", "10"]);
    assert_eq!(
        notes,
        ["times of store oslo without an offset are read as UTC: no --zone, no column \
                        for zone, and the store is not in the catalogue"]
    );
    let (by_flag, notes) = hours("--map store_id=shop --zone Europe/London", text);
    assert_eq!(by_flag, ["10", "10", "10"]);
    assert_eq!(
        notes,
        ["store toronto has the zone America/Toronto in the catalogue; --zone \
                        Europe/London is taken"]
    );
    let text = "time,item,qty,paid,tz\n2026-11-20 10:00:00,rye,1,2.00,Europe/Berlin\n\
                2026-11-20 10:00:00,rye,1,2.00,-05:00\n2026-11-20 10:00:00,rye,1,2.00,Eastern\n\
                2026-11-20 10:00:00,rye,1,2.00,\n2026-11-20 10:00:00 +0300,rye,1,2.00,UTC\n";
    let flags = "--store toronto --map zone=tz --value zone:eastern=America/New_York";
    assert_eq!(
        hours(flags, text),
        (["09", "15", "15", "15", "07"].map(str::to_owned).to_vec(), vec![])
    );
    let unknown =
        read_file(&format!("{TILL} --store toronto --map zone=tz"), text).expect("a file");
    let problems = unknown.lines.iter().filter(|line| matches!(line, TillLine::Invalid { .. }));
    assert_eq!(problems.count(), 1);
}

#[test]
fn the_lost_hour_is_refused_and_the_doubled_one_is_the_first() {
    let berlin = "--zone Europe/Berlin";
    assert_eq!(instant(berlin, "2026-03-29 02:30:00"), "is in an hour that Europe/Berlin left out");
    assert_eq!(instant(berlin, "2026-10-25 02:30:00"), "2026-10-25T00:30:00+00:00");
    let times = values(
        &format!("{TILL} --store corner {berlin}"),
        "time,item,qty,paid\n2026-10-25 02:30:00,rye,1,3.90\n2026-10-25 02:30:00,rye,1,3.90\n",
        "event_id",
    );
    assert_ne!(times[0], times[1]);
}

#[test]
fn dates_that_show_the_order_of_day_and_month_decide_for_the_file() {
    let instants = |times: &[&str]| {
        let lines: String = times.iter().map(|time| format!("{time},rye,1,3.90\n")).collect();
        let text = format!("time,item,qty,paid\n{lines}");
        let file = read_file(&format!("{TILL} --store corner"), &text).expect("a file");
        let instant = |line: &TillLine| match line {
            TillLine::Event { event, .. } => event.event().occurred_at().to_rfc3339(),
            TillLine::Invalid { problem, .. } => problem.rule.clone(),
            other => panic!("{other:?}"),
        };
        (file.lines.iter().map(instant).collect::<Vec<_>>(), file.notes.join("; "))
    };
    let (read, told) = instants(&["11/05/2026 3:00 PM", "11/20/2026 15:00:00"]);
    assert_eq!(read, ["2026-11-05T15:00:00+00:00", "2026-11-20T15:00:00+00:00"]);
    assert!(told.contains("the month first, as 11/20/2026 on line 3 shows"), "{told}");
    let (read, told) = instants(&["20-11-2026 15:00", "05-11-2026 15:00"]);
    assert_eq!(read, ["2026-11-20T15:00:00+00:00", "2026-11-05T15:00:00+00:00"]);
    assert!(told.contains("the day first, as 20-11-2026 on line 2 shows"), "{told}");
    // Both orders in one file, or none: nothing is read.
    for times in
        [["11/20/2026 15:00", "20/11/2026 15:00"], ["11/05/2026 15:00", "05/11/2026 15:00"]]
    {
        let (read, _) = instants(&times);
        assert!(read.iter().all(|rule| rule.contains("cannot be told apart")), "{read:?}");
    }
}

#[test]
fn a_refused_time_is_told_with_formats_of_its_own_form() {
    for (time, format) in [
        ("03/04/2026 15:00", "\"%d/%m/%Y %H:%M\" or \"%m/%d/%Y %H:%M\""),
        ("3/4/26 9:05:10 AM", "\"%d/%m/%y %I:%M:%S %p\" or \"%m/%d/%y %I:%M:%S %p\""),
        ("03-04-2026 9:05 p.m.", "\"%d-%m-%Y %I:%M %p\" or \"%m-%d-%Y %I:%M %p\""),
        ("03/04/2026", "\"%d/%m/%Y\" or \"%m/%d/%Y\""),
    ] {
        let rule = instant("", time);
        assert!(rule.contains(&format!("--time-format {format} says which")), "{rule}");
    }
}
