//! Measurement of deployed functions: factors planted by a seed, and figures of broken cases.

use rust_decimal::Decimal;
use tuning::{
    FunctionRecording, MEASUREMENT_VERSION, MeasuredCase, Measurement, Quota, RECORDING_VERSION,
    RecordedCase, Recording, ScaleFactors, Trace,
};

const MICROSECOND: u64 = 1_000;
/// Records of a batch, and memory sizes of the copies.
const BATCHES: [u32; 3] = [1, 50, 500];
const MEMORY: [u32; 4] = [128, 256, 512, 1_769];

fn case(records: u32, work_us: u64) -> RecordedCase {
    let trace = |more: u64| {
        let work = (work_us + more) * MICROSECOND;
        Trace::alternating(work, 3, 5_000 * MICROSECOND)
    };
    RecordedCase {
        case: "peak".to_owned(),
        records,
        events: records.into(),
        payload_bytes: 1_000,
        sent_bytes: 0,
        received_bytes: 0,
        traces: (0..5).map(|number| trace(number * 40)).collect(),
    }
}

fn recording() -> Recording {
    let cases = BATCHES.map(|records| case(records, 2_000 + u64::from(records) * 150));
    Recording {
        version: RECORDING_VERSION,
        recorded_on: "2026-11-30".to_owned(),
        processor: "a processor".to_owned(),
        architecture: "x86_64".to_owned(),
        corpus_sha256: "0".repeat(64),
        functions: vec![FunctionRecording {
            function: "stock-processor".to_owned(),
            binary: "processor-lambda".to_owned(),
            binary_sha256: "0".repeat(64),
            init_cpu_ms: Decimal::TEN,
            init_ms: Decimal::TEN,
            first: Trace::default(),
            peak_kib: 30 * 1_024,
            cases: cases.to_vec(),
        }],
    }
}

/// Bills invocations of a deployment with these factors, each from another place in the period.
fn measured(recording: &Recording, factors: ScaleFactors, seed: u64) -> Measurement {
    let mut place = seed;
    let mut cases = Vec::new();
    for case in &recording.functions[0].cases {
        for memory in MEMORY {
            let quota = Quota::of_memory(memory);
            let mut billed_ms = Vec::new();
            for trace in case.traces.iter().cycle().take(20) {
                place = (place * 7_919 + 104_729) % 20_000;
                let duration = quota.duration(&trace.scaled(factors), place * MICROSECOND);
                billed_ms.push(duration.div_ceil(1_000_000));
            }
            // A pause of the network, as in every measurement.
            billed_ms[3] += 2_000;
            cases.push(MeasuredCase {
                function: "stock-processor".to_owned(),
                memory,
                case: case.case.clone(),
                records: case.records,
                billed_ms,
                first: None,
                peak_mb: 40,
                error: None,
            });
        }
    }
    Measurement {
        version: MEASUREMENT_VERSION,
        stage: "dev".to_owned(),
        region: "eu-central-1".to_owned(),
        measured_on: "2026-11-30".to_owned(),
        corpus_sha256: "0".repeat(64),
        cases,
    }
}

#[test]
fn factors_planted_by_a_seed_are_found() {
    let recording = recording();
    for seed in 0..12 {
        let planted = ScaleFactors {
            cpu_percent: [50, 83, 100, 140, 260, 400][seed as usize % 6],
            latency_percent: [60, 100, 220][seed as usize % 3],
        };
        let measurement = measured(&recording, planted, seed);
        let found = ScaleFactors::fitted(&recording, &measurement).expect("cases in common");
        let near = |found: u64, planted: u64| found.abs_diff(planted) * 100 <= planted * 12;
        assert!(near(found.cpu_percent, planted.cpu_percent), "{seed}: {found:?} {planted:?}");
        let latency = near(found.latency_percent, planted.latency_percent);
        assert!(latency, "{seed}: {found:?} {planted:?}");
        // The predictions with the factors are near the bill, those without are not.
        for prediction in measurement.predictions(&recording, found) {
            let ratio = prediction.ratio();
            assert!((0.8..1.25).contains(&ratio), "{seed}: {ratio} of {prediction:?}");
        }
    }
}

#[test]
fn a_case_that_failed_or_was_not_recorded_predicts_nothing() {
    let recording = recording();
    let mut measurement = measured(&recording, ScaleFactors::default(), 1);
    measurement.cases.truncate(2);
    measurement.cases[0].billed_ms.clear();
    measurement.cases[0].error = Some("Runtime.OutOfMemory".to_owned());
    measurement.cases[1].records = 7;
    assert!(measurement.predictions(&recording, ScaleFactors::default()).is_empty());
    assert_eq!(ScaleFactors::fitted(&recording, &measurement), None);
}

#[test]
fn a_measurement_survives_its_file_and_another_version_is_refused() {
    let measurement = measured(&recording(), ScaleFactors::default(), 1);
    let text = serde_json::to_string(&measurement).unwrap();
    assert_eq!(Measurement::parse(&text).unwrap(), measurement);
    let other = text.replacen("\"version\":1", "\"version\":9", 1);
    let error = Measurement::parse(&other).unwrap_err();
    assert!(error.contains("version 9") && error.contains("reads version 1"), "{error}");
    assert!(Measurement::parse("{}").unwrap_err().contains("daymark tune measure"));
}
