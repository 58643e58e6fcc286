//! Charts for the terminal and as SVG files, drawn from plain series.
//!
//! An [`AfternoonChart`] shows the stock, the price and the sales of one item on one axis of time,
//! with the stock that was forecast when the price changed. A [`ScatterChart`] shows alternatives
//! by two figures. The caller fills the series; the crate
//! knows nothing of stores and offers, and has no dependencies. It draws with its own code because
//! general plotting crates have no panels with a common axis of time in characters, and their SVG
//! adapts to no dark background.
//!
//! ```
//! use charts::{AfternoonChart, PriceStep, TerminalStyle};
//!
//! let chart = AfternoonChart {
//!     title: "Rye loaf: 30 % off from 16:00".to_owned(),
//!     starts_at: 840.0, // 14:00
//!     ends_at: 1080.0,  // 18:00
//!     decided_at: 960.0,
//!     known_until: 1080.0,
//!     stock: vec![(840.0, 8.0), (1000.0, 3.0)],
//!     prices: vec![PriceStep {
//!         at: 960.0,
//!         price: 2.7,
//!         label: "2.70".to_owned(),
//!         percent_off: 30,
//!     }],
//!     ..AfternoonChart::default()
//! };
//! let style = TerminalStyle { width: 80, is_ascii: true, is_coloured: false };
//! assert!(chart.to_terminal(style).contains("3 left"));
//! assert!(chart.to_svg().starts_with("<svg"));
//! ```

mod canvas;
mod chart;
mod scale;
mod scatter;
mod svg;
mod terminal;
mod text;

pub use chart::{AfternoonChart, BandPoint, ForecastBand, PriceStep, SalesBar};
pub use scatter::{PointKind, ScatterChart, ScatterPoint};
pub use terminal::TerminalStyle;
