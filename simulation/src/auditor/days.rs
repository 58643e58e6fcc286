//! What must hold of day rows and histories.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::ClosedDay;
use in_memory::{Days, Tables};
use processors::Closing;
use rust_decimal::Decimal;

use super::Auditor;
use crate::fan_out::close_all;
use crate::traffic::Scene;

/// A last pass over the days that were closed and opened again in the storm gives what one pass
/// gives that closes them for the first time, and the same histories; and each day begins with what
/// the one before left. `stormy` is what the storm left, on a calm road.
pub(crate) async fn days(auditor: &Auditor, scene: &Scene, stormy: Closing<Tables>) {
    let now = auditor.weather.now();
    let late = now + TimeDelta::days(1);
    let tables = Tables { days: Days::default(), ..stormy.tables.clone() };
    let calm = Closing { tables };
    // Of the last events; of the last day, which ends meanwhile; and of what the one before it
    // met at the same time.
    for at in [now, late, late] {
        close_all(&stormy, at).await.expect("a calm table answers");
    }
    let rest = close_all(&stormy, late).await.expect("a calm table answers");
    if rest.written() + rest.contested + rest.histories > 0 {
        auditor.object("days", format!("a repeated pass does not come to rest: {rest:?}"));
    }
    for shop in &scene.shops {
        let first = scene.starts_at.date_naive() - TimeDelta::days(30);
        let last = late.date_naive() + TimeDelta::days(1);
        let closed = calm.close_dates(&shop.store, first, last, late).await;
        closed.expect("a calm table answers");
    }
    let (found, ought) = (stormy.tables.days.all_histories(), calm.tables.days.all_histories());
    auditor.weather.count("histories folded", ought.len());
    if found != ought {
        let differ = found.iter().zip(&ought).find(|(found, ought)| found != ought);
        let what = format!("{} histories and {}: {differ:?}", found.len(), ought.len());
        auditor.object("histories", what);
    }
    let (stormy, calm) = (stormy.tables.days.all(), calm.tables.days.all());
    auditor.weather.count("days closed", calm.len());
    for (found, ought) in stormy.iter().zip(&calm).filter(|(found, ought)| found != ought) {
        auditor.object("days", format!("{}: {found:?} and not {ought:?}", ought.key));
    }
    if stormy.len() != calm.len() {
        auditor.object("days", format!("{} days and not {}", stormy.len(), calm.len()));
    }
    let by_key: BTreeMap<_, &ClosedDay> = stormy.iter().map(|day| (&day.key, day)).collect();
    for day in &stormy {
        let mut before = day.key.clone();
        before.date = before.date.pred_opt().expect("a date");
        let left: Decimal =
            by_key.get(&before).map_or(Decimal::ZERO, |before| before.carried.values().sum());
        if left != day.opening {
            auditor.object("days", format!("{}: opens with {}, not {left}", day.key, day.opening));
        }
    }
}
