//! Link of the picture that AWS Lambda Power Tuning draws, with figures of one function.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::prelude::ToPrimitive;

use crate::choice::Candidate;

/// Page that draws the picture. The figures are after the `#`, so they stay in the browser.
const PAGE: &str = "https://lambda-power-tuning.show/";

/// Returns the link for candidates with different memory, in ascending order: sizes as 16-bit
/// integers, milliseconds and dollars of an invocation as 32-bit floats, in base64. Source:
/// `utils.js` of github.com/alexcasalboni/aws-lambda-power-tuning 4.4.0.
#[must_use]
pub fn power_tuning_link(candidates: &[&Candidate], invocations: f64) -> String {
    let sizes: Vec<u8> = candidates
        .iter()
        .flat_map(|candidate| (candidate.setting.memory as i16).to_le_bytes())
        .collect();
    let floats = |of: &dyn Fn(&Candidate) -> f64| -> Vec<u8> {
        candidates.iter().flat_map(|candidate| (of(candidate) as f32).to_le_bytes()).collect()
    };
    let times = floats(&|candidate| candidate.times.mean);
    let costs = floats(&|candidate| {
        let dollars = candidate.cost.duration + candidate.cost.requests;
        dollars.to_f64().unwrap_or_default() / invocations.max(1.0)
    });
    let [sizes, times, costs] = [sizes, times, costs].map(|bytes| STANDARD.encode(bytes));
    format!("{PAGE}#{sizes};{times};{costs}")
}
