//! Bills of known retailers, computed by hand.

use clap::Parser;
use rust_decimal::Decimal;
use tuning::{Assumptions, BillLine, CostModel, MonthlyBill, PriceList, Traffic, Work};

#[derive(Parser)]
struct CostCommand {
    #[command(flatten)]
    assumptions: Assumptions,
}

fn month(stores: u64, flags: &[&str]) -> MonthlyBill {
    month_with_free_tier(stores, flags, false)
}

fn month_with_free_tier(stores: u64, flags: &[&str], deducts_free_tier: bool) -> MonthlyBill {
    let words = std::iter::once("cost").chain(flags.iter().copied());
    let assumptions = CostCommand::parse_from(words).assumptions;
    let (prices, work) = (PriceList::built_in(), Work::measured());
    CostModel { assumptions, prices, work, deducts_free_tier }.month(stores)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Quantity and dollars of all lines with a part and a price, written `part price`.
fn line(stores: u64, flags: &[&str], name: &str) -> (Decimal, Decimal) {
    let bill = month(stores, flags);
    let is_named = |line: &&BillLine| format!("{} {}", line.part, line.price) == name;
    let found: Vec<&BillLine> = bill.lines.iter().filter(is_named).collect();
    assert!(!found.is_empty(), "no {name} in {:?}", bill.lines);
    let sum = |of: fn(&BillLine) -> Decimal| found.iter().map(|line| of(line)).sum();
    (sum(|line| line.quantity), sum(|line| line.dollars))
}

fn dollars(stores: u64, flags: &[&str]) -> Decimal {
    month(stores, flags).dollars()
}

fn is_near(left: Decimal, right: Decimal) -> bool {
    (left - right).abs() <= right.abs() * decimal("0.000001")
}

#[test]
fn a_request_of_a_till_costs_a_millionth_of_a_dollar_at_the_gateway() {
    // 100 stores x 2,400 events / 24 a request x 730/24 days = 304,166.67 requests.
    let flags = ["--events-per-store-day=2400", "--events-per-request=24"];
    let (quantity, dollars) = line(100, &flags, "ingest-api api-gateway.request");
    assert_eq!(quantity.round_dp(2), decimal("304166.67"));
    assert_eq!(dollars.round_dp(6), decimal("0.304167"));
}

#[test]
fn a_stream_on_demand_costs_its_hours_and_whole_kilobytes() {
    let (hours, dollars) = line(10, &[], "stream kinesis.on-demand.hour");
    assert_eq!((hours, dollars), (decimal("730"), decimal("29.2")));
    // One event a request makes a record far below 1 KB, which is charged as 1 KB:
    // 10 x 2,000 x 730/24 x 1,024 bytes.
    let flags = ["--events-per-request=1"];
    let (gigabytes, dollars) = line(10, &flags, "stream kinesis.on-demand.in");
    assert_eq!(gigabytes.round_dp(6), decimal("0.580152"));
    assert!(is_near(dollars, gigabytes * decimal("0.08")));
    // Six days beyond the first: a day's 0.580152 / (730/24) GB, six times.
    let (kept, _) = line(10, &flags, "stream kinesis.on-demand.extended");
    assert!(is_near(kept, gigabytes * decimal("24") / decimal("730") * decimal("6")));
    let (none, _) = line(10, &["--retention=24"], "stream kinesis.on-demand.extended");
    assert_eq!(none, Decimal::ZERO);
}

#[test]
fn a_provisioned_stream_costs_its_shards_and_its_put_units() {
    let flags = ["--stream=provisioned", "--shards=2", "--events-per-request=1"];
    let (hours, dollars) = line(10, &flags, "stream kinesis.provisioned.hour");
    assert_eq!((hours, dollars), (decimal("1460"), decimal("21.9")));
    // 10 x 2,000 x 730/24 records below 25 KB.
    let (units, _) = line(10, &flags, "stream kinesis.provisioned.put");
    assert_eq!(units.round_dp(2), decimal("608333.33"));
    let (extended, dollars) = line(10, &flags, "stream kinesis.provisioned.extended");
    assert_eq!((extended, dollars), (decimal("1460"), decimal("29.2")));
}

#[test]
fn an_event_alone_in_its_batch_is_one_write_and_no_read() {
    // One store, one event a request, no batch window: no two events share a batch.
    let flags = ["--events-per-request=1", "--batch-window=0"];
    let (writes, dollars) = line(1, &flags, "stock-processor dynamodb.write");
    // 2,000 x 730/24 segments, a late mark for one of 200, and a mark of the store each day:
    // 60,833.33 + 304.17 + 30.42.
    assert_eq!(Work::measured().batches[0].writes, Decimal::ONE);
    assert_eq!(writes.round_dp(2), decimal("61167.92"));
    assert!(is_near(dollars, writes * decimal("0.625") / decimal("1000000")));
    let is_read = |line: &BillLine| line.part == "stock-processor" && line.price == "dynamodb.read";
    assert!(!month(1, &flags).lines.iter().any(is_read));
}

#[test]
fn a_batch_has_the_records_of_its_window_and_never_more_than_its_size() {
    let of = |flags: &[&str]| -> Traffic { month(1000, flags).traffic };
    // 1,000 stores x 2,000 / 10 / 43,200 s / 4 shards = 1.1574 records a second and shard.
    let usual = of(&["--batch-window=10"]);
    assert_eq!(usual.shards, decimal("4"));
    assert_eq!(usual.records_per_batch.round_dp(3), decimal("12.574"));
    assert_eq!(of(&["--batch-window=10", "--batch-size=3"]).records_per_batch, decimal("3"));
    assert_eq!(of(&["--batch-window=0"]).records_per_batch, decimal("1"));
}

#[test]
fn a_token_is_charged_by_itself() {
    // 3 tills x 12 tokens a day x 730/24 days x $0.00225.
    let (tokens, dollars) = line(1, &["--token-hours=1"], "identity cognito.token");
    assert_eq!((tokens.round_dp(4), dollars.round_dp(4)), (decimal("1095"), decimal("2.4638")));
    let (fewer, _) = line(1, &["--token-hours=24"], "identity cognito.token");
    assert_eq!(fewer.round_dp(4), decimal("91.25"));
}

#[test]
fn each_slot_of_the_afternoon_sends_one_message_for_a_store() {
    // 18 slots x 730/24 days x 2.1 requests, and 730 hours x 900 empty receives.
    let (requests, _) = line(1, &["--afternoon-hours=4.5"], "pricing sqs.fifo");
    assert_eq!(requests.round_dp(2), decimal("658149.75"));
    let (ticks, _) = line(1, &[], "pricing scheduler.invocation");
    assert_eq!(ticks, decimal("2920"));
}

#[test]
fn a_response_costs_its_bytes_as_data_transfer() {
    let (work, flags) = (Work::measured(), ["--events-per-request=1"]);
    let (gigabytes, dollars) = line(10, &flags, "ingest-api data-transfer.out");
    // 10 x 2,000 x 730/24 answers.
    let bytes = decimal("608333.333333") * work.requests[0].reply_bytes;
    assert!(is_near(gigabytes, bytes / decimal("1073741824")));
    assert!(is_near(dollars, gigabytes * decimal("0.09")));
}

#[test]
fn stored_bytes_are_paid_for_the_table_and_for_its_backup() {
    let (stored, dollars) = line(10, &["--stock-kept=100"], "tables dynamodb.storage");
    let (kept, backup) = line(10, &["--stock-kept=100"], "tables dynamodb.backup");
    assert_eq!(stored, kept);
    assert!(is_near(dollars, stored * decimal("0.25")) && is_near(backup, kept * decimal("0.2")));
    // A hundred days more of 10 x 2,000 events, ten in a segment.
    let flags = ["--stock-kept=100", "--batch-window=0"];
    let (stored, _) = line(10, &flags, "tables dynamodb.storage");
    let flags = ["--stock-kept=200", "--batch-window=0"];
    let (longer, _) = line(10, &flags, "tables dynamodb.storage");
    let work = Work::measured();
    let ten = work.batches.iter().find(|group| group.events == Decimal::TEN).unwrap();
    let bytes = decimal("200000") * ten.stored_bytes;
    assert!(is_near(longer - stored, bytes / decimal("1073741824")));
}

#[test]
fn an_offer_costs_a_pipe_request_a_bus_event_and_a_notification() {
    // 100 stores x the offers of 48 measured items x 730/24 days.
    let flags = ["--items=48"];
    let work = Work::measured();
    let measured = work.store_days.iter().find(|day| day.items == decimal("48")).unwrap();
    let offers = decimal("100") * measured.offers * decimal("730") / decimal("24");
    for (price, of_a_million) in
        [("pipes.request", "0.4"), ("eventbridge.event", "1"), ("sns.publish", "0.5")]
    {
        let (quantity, dollars) = line(100, &flags, &format!("offers-out {price}"));
        assert!(is_near(quantity, offers), "{price}: {quantity}");
        assert!(is_near(dollars, offers * decimal(of_a_million) / decimal("1000000")), "{price}");
    }
    let (archived, _) = line(100, &flags, "offers-out eventbridge.archive");
    assert!(is_near(archived, offers * decimal("1024") / decimal("1073741824")));
}

#[test]
fn both_pipes_poll_the_stream_of_offers() {
    // 2 pipes x 4 shards x 4 times a second x 730 hours.
    let (polls, dollars) = line(1, &[], "offers-out dynamodb.stream-read");
    assert_eq!((polls, dollars.round_dp(2)), (decimal("84096000"), decimal("16.82")));
}

#[test]
fn offers_over_http_cost_nothing_without_requests() {
    assert!(month(1, &[]).lines.iter().all(|line| line.part != "offers-api"));
    // A gateway that polls each minute of 730 hours.
    let flags = ["--items=48", "--offer-requests=1440"];
    let (requests, dollars) = line(1, &flags, "offers-api api-gateway.request");
    assert_eq!((requests.round_dp(6), dollars.round_dp(4)), (decimal("43800"), decimal("0.0438")));
    // 96 offers of 2,333 bytes are 55 read units. The store, the version of the chain's items and
    // the store's own items are one each.
    let (reads, _) = line(1, &flags, "offers-api dynamodb.read");
    assert_eq!(reads.round_dp(6), decimal("2540400"));
    // The last offer of each of 48 items.
    let (gigabytes, _) = line(1, &flags, "offers-api data-transfer.out");
    assert!(is_near(gigabytes, decimal("43800") * decimal("28800") / decimal("1073741824")));
}

#[test]
fn the_chains_items_are_read_by_each_environment_and_not_by_each_pass() {
    let loads = |part: &str, stores: u64, flags: &[&str]| -> Decimal {
        let lines = month(stores, flags).lines.into_iter();
        let is_load = |line: &BillLine| {
            line.part == part && line.derivation.contains("loads of the chain's items")
        };
        lines.filter(is_load).map(|line| line.quantity).sum()
    };
    // 8,000 items of 304 bytes are 594 units; 10 environments x 18 slots x 730/24 days.
    let flags = ["--items=8000", "--afternoon-hours=4.5"];
    let (ten, ten_thousand) = (loads("pricing", 10, &flags), loads("pricing", 10_000, &flags));
    assert_eq!((ten.round_dp(2), ten), (decimal("3252150.00"), ten_thousand));
    assert_eq!(loads("pricing", 1, &flags) * Decimal::TEN, ten);
    // 50 items are 4 units; 10 environments x (49 + 10) passes x 730/24 days.
    assert_eq!(loads("day-close", 1_000, &[]).round_dp(2), decimal("71783.33"));
}

#[test]
fn concurrent_waits_of_a_schedule_are_not_added_up() {
    let derivation = |stores: u64| {
        let lines = month(stores, &[]).lines.into_iter();
        let durations = lines.filter(|line| line.price == "lambda.arm64");
        let mut texts = durations.map(|line| line.derivation);
        texts.find(|text| text.starts_with("pricing-schedule")).unwrap()
    };
    // The retailer's settings, the list of stores, one round of lookups and one of sends, 5 ms
    // each.
    assert!(derivation(10).contains("; 20 waiting"), "{}", derivation(10));
    assert!(derivation(800).contains("; 20 waiting"), "{}", derivation(800));
    // 10,000 stores are 13 rounds of 800; 1,875 messages a tick are 12 rounds of 160.
    assert!(derivation(10_000).contains("; 135 waiting"), "{}", derivation(10_000));
}

#[test]
fn data_keys_are_requested_every_five_minutes() {
    // 2 x 4 shards + 20 places, 12 times an hour, 730 hours: 245,280 requests.
    let (requests, dollars) = line(1, &[], "key kms.request");
    assert_eq!((requests, dollars), (decimal("245280"), decimal("0.73584")));
}

#[test]
fn logs_and_traces_follow_the_invocations() {
    let bill = month(10, &[]);
    let of = |price: &str| bill.lines.iter().find(|line| line.price == price).unwrap().quantity;
    let invocations: Decimal = bill.invocations.values().sum();
    assert!(is_near(of("lambda.request"), bill.invocations["ingest"]));
    let bytes = invocations * decimal("2000") + bill.traffic.requests * decimal("500");
    assert!(is_near(of("cloudwatch.logs"), bytes / decimal("1073741824")));
    // Every invocation is traced if there are fewer than one a second.
    assert!(is_near(of("xray.trace"), invocations));
    let (many, _) = line(10_000, &["--trace-percent=0"], "alarms xray.trace");
    let all = month(10_000, &[]);
    assert!(many < all.invocations.values().sum::<Decimal>() / Decimal::TWO);
}

#[test]
fn fixed_costs_are_the_same_for_every_number_of_stores() {
    for name in [
        "stream kinesis.on-demand.hour",
        "key kms.key",
        "alarms cloudwatch.metric",
        "alarms cloudwatch.alarm",
        "alarms cloudwatch.dashboard",
        "offers-out dynamodb.stream-read",
    ] {
        assert_eq!(line(1, &[], name), line(10_000, &[], name), "{name}");
    }
}

#[test]
fn more_never_costs_less() {
    let rising: [&[&str]; 10] = [
        &[
            "--events-per-store-day=100",
            "--events-per-store-day=1000",
            "--events-per-store-day=30000",
        ],
        &["--items=10", "--items=50", "--items=500"],
        &["--retention=24", "--retention=168", "--retention=8760"],
        &["--tills=1", "--tills=3", "--tills=10"],
        &["--dynamodb-ms=0", "--dynamodb-ms=5", "--dynamodb-ms=50"],
        &["--stock-kept=30", "--stock-kept=400"],
        &["--close-passes=1", "--close-passes=8", "--close-passes=96"],
        &["--offer-requests=0", "--offer-requests=100", "--offer-requests=1440"],
        &["--lookup-ms=0", "--lookup-ms=0.1", "--lookup-ms=5"],
        &["--token-ms=0", "--token-ms=1", "--token-ms=50"],
    ];
    for flags in rising {
        let costs: Vec<Decimal> = flags.iter().map(|flag| dollars(100, &[flag])).collect();
        assert!(costs.is_sorted(), "{flags:?}: {costs:?}");
    }
    for stores in 1..200 {
        assert!(dollars(stores, &[]) < dollars(stores + 1, &[]), "{stores}");
    }
    for events in (100..6_000).step_by(100) {
        let of = |events: u32| dollars(1000, &[&format!("--events-per-store-day={events}")]);
        assert!(of(events) < of(events + 100), "{events}");
    }
}

#[test]
fn longer_batch_windows_and_larger_requests_never_cost_more() {
    for seconds in [0, 1, 5, 20, 60, 120] {
        let of = |seconds: u32| dollars(1000, &[&format!("--batch-window={seconds}")]);
        assert!(of(seconds) >= of(seconds * 2 + 1), "{seconds}");
    }
    for events in [1, 2, 5, 10, 20, 50] {
        let of = |events: u32| dollars(1000, &[&format!("--events-per-request={events}")]);
        assert!(of(events) > of(events * 2), "{events}");
    }
}

#[test]
fn the_free_tier_lowers_lines_to_no_less_than_zero() {
    let (paid, free) = (month(10, &[]), month_with_free_tier(10, &[], true));
    assert!(free.dollars() < paid.dollars());
    for (paid, free) in paid.lines.iter().zip(&free.lines) {
        assert!(free.dollars <= paid.dollars && free.dollars >= Decimal::ZERO, "{}", free.price);
    }
}

/// The curve was measured on a simulated store with two thousand events a day. The real bakery has
/// fewer than two hundred, so ten of them are of two dates, and two segments, more often.
#[test]
fn the_measured_curve_holds_for_a_store_outside_the_measurement() {
    let work = Work::measured();
    let bakery = &work.bakery;
    let within_a_tenth = |computed: Decimal, measured: Decimal| {
        assert!((computed - measured).abs() <= measured / Decimal::TEN, "{computed}, {measured}");
    };
    let of_curve = |figure| work.group(bakery.events, figure);
    let a_segment = of_curve(|work| work.writes) / of_curve(|work| work.rows);
    within_a_tenth(a_segment, bakery.writes / bakery.rows);
    // Events of the bakery have fewer fields.
    assert!(of_curve(|work| work.stored_bytes) >= bakery.stored_bytes);
}
