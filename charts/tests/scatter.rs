//! Chart of alternatives, in characters and as SVG.

use charts::{PointKind, ScatterChart, ScatterPoint, TerminalStyle};
use unicode_width::UnicodeWidthStr;

fn chart() -> ScatterChart {
    let point = |x, y, label: &str, kind| ScatterPoint { x, y, label: label.to_owned(), kind };
    ScatterChart {
        title: "pricing <512 MB>".to_owned(),
        horizontal: "dollars a month".to_owned(),
        vertical: "p99 in ms".to_owned(),
        points: vec![
            point(10.0, 400.0, "128 MB", PointKind::Best),
            point(12.0, 100.0, "512 MB", PointKind::Chosen),
            point(20.0, 60.0, "1,024 MB", PointKind::Current),
            point(40.0, 60.0, "2,048 MB", PointKind::Other),
            point(1.0, f64::INFINITY, "never", PointKind::Other),
        ],
    }
}

#[test]
fn points_lie_left_when_cheap_and_low_when_fast() {
    let style = TerminalStyle { width: 60, is_ascii: true, is_coloured: false };
    let text = chart().to_terminal(style);
    let place = |sign: char| {
        let plot = text.lines().skip(1).take(16).enumerate();
        let mut found = plot.filter_map(|(row, line)| Some((row, line[10..].find(sign)?)));
        found.next().unwrap()
    };
    let (cheap, chosen, current) = (place('o'), place('@'), place('#'));
    assert!(cheap.0 < chosen.0 && chosen.0 < current.0, "{text}");
    assert!(cheap.1 < chosen.1 && chosen.1 < current.1, "{text}");
    let caption = text.replace('\n', " ");
    for named in ["@ chosen: 512 MB", "# current: 1,024 MB"] {
        assert!(caption.contains(named), "{text}");
    }
}

#[test]
fn the_chart_fits_its_width_and_says_when_it_is_empty() {
    for (width, is_ascii) in [(48, true), (60, false), (80, false), (200, false)] {
        let style = TerminalStyle { width, is_ascii, is_coloured: false };
        let text = chart().to_terminal(style);
        assert!(text.lines().all(|line| line.width() <= width.min(110)), "{text}");
    }
    let empty = ScatterChart { points: Vec::new(), ..chart() };
    let style = TerminalStyle { width: 80, is_ascii: true, is_coloured: false };
    assert_eq!(empty.to_terminal(style), "pricing <512 MB>: no points\n");
}

#[test]
fn the_svg_names_every_finite_point_and_escapes_text() {
    let svg = chart().to_svg();
    assert_eq!(svg.matches("<circle").count(), 4);
    assert!(svg.contains("pricing &lt;512 MB&gt;"), "{svg}");
    assert!(svg.contains("chosen: 512 MB"), "{svg}");
}
