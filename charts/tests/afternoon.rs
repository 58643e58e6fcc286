//! Chart of a short afternoon, in characters and as SVG.

use charts::{AfternoonChart, BandPoint, ForecastBand, PriceStep, SalesBar, TerminalStyle};
use unicode_width::UnicodeWidthStr;

/// Afternoon from 14:00 to 18:00 with 8 units of stock and two price changes, the second at 16:00.
fn afternoon(known_until: f64) -> AfternoonChart {
    let step = |at, price, label: &str, percent_off| PriceStep {
        at,
        price,
        label: label.to_owned(),
        percent_off,
    };
    let point = |at, low, middle, high| BandPoint { at, low, middle, high };
    let sold = |start, units| SalesBar { start, end: start + 15.0, units };
    let course = [(480.0, 8.0), (870.0, 7.0), (965.0, 5.0), (1000.0, 3.0), (1040.0, 2.0)];
    AfternoonChart {
        title: "Rye & wheat <loaf>: 30 % off from 16:00, 3.50 → 2.70 EUR".to_owned(),
        subtitle: "Corner, Thursday, 12 March 2026".to_owned(),
        reason: "7 left; at 3.50 about 2 would sell.".to_owned(),
        starts_at: 840.0,
        ends_at: 1080.0,
        decided_at: 960.0,
        unit: "pieces".to_owned(),
        stock: course.into_iter().filter(|(at, _)| *at <= known_until).collect(),
        known_until,
        currency: "EUR".to_owned(),
        prices: vec![
            step(480.0, 3.9, "3.90", 0),
            step(900.0, 3.5, "3.50", 10),
            step(960.0, 2.7, "2.70", 30),
        ],
        sales: vec![sold(870.0, 1.0), sold(960.0, 2.0), sold(990.0, 2.0), sold(1035.0, 1.0)],
        forecast: Some(ForecastBand {
            price: "2.70".to_owned(),
            points: vec![point(960.0, 7.0, 7.0, 7.0), point(1080.0, 0.0, 2.0, 4.0)],
        }),
        forecast_unchanged: Some(ForecastBand {
            price: "3.50".to_owned(),
            points: vec![point(960.0, 7.0, 7.0, 7.0), point(1080.0, 3.0, 5.0, 7.0)],
        }),
    }
}

const PLAIN: TerminalStyle = TerminalStyle { width: 60, is_ascii: true, is_coloured: false };

#[test]
fn a_chart_in_plain_ascii_is_legible() {
    let drawn = afternoon(1080.0).to_terminal(PLAIN);
    let lines: Vec<&str> = drawn.lines().take(18).collect();
    let expected = [
        "Rye & wheat <loaf>: 30 % off from 16:00, 3.50 > 2.70 EUR",
        "Corner, Thursday, 12 March 2026. 7 left; at 3.50 about 2",
        "would sell.",
        "",
        "On the shelf, pieces",
        "                 decided at 16:00",
        "     8 |----+            !",
        "       |    +-------------+",
        "       |                 ~|~~~~",
        "     6 |                 !|:.::~~~~~~",
        "       |                 !+----+:::::~~~~~~ at 3.50: 3 to 7",
        "       |                 !    :|.::::::::",
        "     4 |                 !     |::.:.::::::",
        "       |                 !     +-----+.::::",
        "       |                 !         ::|::.::",
        "     2 |                 !           +----- 2 left",
        "       |                 !            ::::: at 2.70: 0 to 4",
        "       |                 !              :::",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_chart_is_never_wider_than_the_terminal() {
    for width in 48..140 {
        for (is_ascii, known_until) in [(false, 1080.0), (true, 1000.0)] {
            let drawn =
                afternoon(known_until).to_terminal(TerminalStyle { width, is_ascii, ..PLAIN });
            let widest = drawn.lines().map(|line| line.width()).max();
            assert!(widest <= Some(width), "{widest:?} of {width}\n{drawn}");
            assert!(!is_ascii || drawn.is_ascii(), "{drawn}");
        }
    }
}

#[test]
fn long_numbers_and_wide_characters_are_whole_at_any_width() {
    let mut day = afternoon(1080.0);
    day.title = "全粒粉のやわらかい丸パン六個入り、ライ麦と小麦の特別なパン: 30 % off".to_owned();
    day.unit = "litres".to_owned();
    day.prices[0].label = "987654321.99".to_owned();
    day.prices[2].label = "654321.99".to_owned();
    day.stock[0].1 = 1_234_567.5;
    day.stock[1].1 = 1_234_560.5;
    day.sales[0].units = 123_456.5;
    let bands = [(&mut day.forecast, "654321.99"), (&mut day.forecast_unchanged, "987654321.99")];
    for (band, price) in bands {
        let band = band.as_mut().expect("a forecast");
        price.clone_into(&mut band.price);
        (band.points[1].low, band.points[1].high) = (1_000_082.4, 1_000_107.5);
    }
    for width in 48..140 {
        let drawn = day.to_terminal(TerminalStyle { width, is_ascii: false, ..PLAIN });
        assert!(drawn.lines().all(|line| line.width() <= width), "{width}\n{drawn}");
        for label in ["654321.99", "987654321.99"] {
            let label = format!("at {label}: 1000082.4 to 1000107.5");
            assert!(drawn.contains(&label), "{label} at {width} in\n{drawn}");
        }
        let words = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
        for number in ["1000000 ┤", "654321.99 ┤", "the tallest bar is 123456.5", "−30 %"] {
            assert!(words.contains(number), "{number} at {width} in\n{drawn}");
        }
        let letters = drawn.split_whitespace().collect::<String>();
        assert!(letters.contains("六個入り、ライ麦と小麦の特別なパン:30%off"), "{drawn}");
    }
}

#[test]
fn colours_change_nothing_but_escape_sequences() {
    let style = TerminalStyle { is_ascii: false, ..PLAIN };
    let coloured = afternoon(1080.0).to_terminal(TerminalStyle { is_coloured: true, ..style });
    let mut plain = String::new();
    let mut rest = &*coloured;
    while let Some((before, code)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = code.split_once('m').expect("the end of the code").1;
    }
    assert!(coloured.len() > plain.len());
    assert_eq!(plain + rest, afternoon(1080.0).to_terminal(style));
}

#[test]
fn both_charts_show_prices_hours_and_the_stock_left() {
    let day = afternoon(1080.0);
    let words = ["3.90", "3.50", "−30 %", "16:00", "pieces", "EUR", "decided at 16:00", "8 of 10"];
    let ends = ["2 left", "at 2.70: 0 to 4", "at 3.50: 3 to 7"];
    for chart in [day.to_terminal(TerminalStyle { is_ascii: false, ..PLAIN }), day.to_svg()] {
        for word in words.iter().chain(&ends) {
            assert!(chart.contains(word), "{word} in {chart}");
        }
    }
}

#[test]
fn the_unknown_part_of_the_day_is_not_drawn() {
    let day = afternoon(1000.0);
    for chart in [day.to_terminal(PLAIN), day.to_svg()] {
        assert!(!chart.contains("2 left"), "{chart}");
        assert!(chart.contains("at 3.50: 3 to 7"), "{chart}");
    }
    // Two thirds of the way from x = 64 to x = 800 lies 16:40, where the line of the day ends.
    let path = day.to_svg();
    let path = path.split("class=\"day\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
    assert!(path.is_some_and(|path| path.contains("L554.7 ")), "{path:?}");
}

#[test]
fn texts_are_escaped_in_the_svg() {
    let drawn = afternoon(1080.0).to_svg();
    assert!(drawn.contains("<title>Rye &amp; wheat &lt;loaf&gt;: 30 %"), "{drawn}");
    assert!(!drawn.contains("<loaf>"), "{drawn}");
    assert_eq!(drawn.matches('<').count(), drawn.matches('>').count());
}

#[test]
fn a_chart_without_series_is_drawn() {
    let day = AfternoonChart { starts_at: 840.0, ends_at: 1080.0, ..AfternoonChart::default() };
    assert!(day.to_terminal(PLAIN).contains("14:00"));
    assert!(!day.to_svg().contains("NaN"), "{}", day.to_svg());
}
