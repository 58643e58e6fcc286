//! Metrics of the passes.

use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusBuilder;
use pricing::metrics::{DECISIONS_TOTAL, FRESHNESS_SECONDS, LATE_TOTAL, count_freshness, describe};

use crate::{at, corner, too_much};

#[test]
fn decisions_late_passes_and_freshness_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        let world = corner("{}", &[r#"{"sku":"roll","price":"2.40","cost":"0.60"}"#]);
        world.store(&too_much("roll"));
        let due = at("2026-03-12T14:00:00Z");
        count_freshness(&world.tick(due), due, due + TimeDelta::seconds(40));
        world.tick(at("2026-03-12T18:00:00Z"));
        let _ = crate::run(world.pricing().price_store(
            &"corner".parse().expect("a store id"),
            due,
            due + TimeDelta::minutes(15),
        ));
    });
    let text = recorder.handle().render();
    for line in [
        format!(r#"{DECISIONS_TOTAL}{{outcome="published"}} 1"#),
        format!("{LATE_TOTAL} 1"),
        format!("{FRESHNESS_SECONDS}_sum 40"),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}
