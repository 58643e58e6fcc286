//! Names of fields and columns, and the nearest known name of an unknown one.

use domain::catalog::{Nested, Shape};
use domain::excerpt;
use strsim::jaro_winkler;

use super::fields::join;

/// Smallest similarity of a name that is proposed, from 0 (nothing in common) to 1 (equal).
const SIMILARITY_MIN: f64 = 0.8;

/// Returns the most similar of the known names, unless all differ too much. A common beginning
/// counts more than the rest, so `max_discount` is near `max_discount_percent`.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let scored = known.into_iter().map(|known| (jaro_winkler(&name, &known.to_lowercase()), known));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= SIMILARITY_MIN).then_some(best.1)
}

/// Returns the reason for refusing the unknown name at the end of `path`. `shape` is the shape of
/// the object around it.
pub(crate) fn unknown_name(kind: &str, path: &str, shape: &Shape) -> String {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let known = shape.fields.iter().copied();
    let (inside, outer) = (nearest(name, known.clone()), nearest_column(name, shape));
    let advice = match (inside, outer) {
        (Some(near), _) => format!("did you mean {}?", excerpt(&join(parent, near))),
        (None, Some(near)) => format!("did you mean {}?", excerpt(&join(parent, &near))),
        (None, None) => format!("the fields are {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("{} is no {kind} of the catalogue; {advice}", excerpt(path))
}

/// Returns the nearest name inside the objects of a shape, for a name without its path.
fn nearest_column(name: &str, shape: &Shape) -> Option<String> {
    shape.nested.iter().find_map(|(field, nested)| {
        let Nested::Object(inner) = nested else { return None };
        let near = nearest(name, inner.fields.iter().copied())?;
        Some(join(field, near))
    })
}

#[cfg(test)]
mod tests {
    use domain::{Chain, Item, Store};

    use super::*;

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let advice = |path: &str, shape: &Shape| {
            let text = unknown_name("field", path, shape);
            text.split_once("; ").expect("an advice").1.to_owned()
        };
        assert_eq!(advice("flor", &Item::SHAPE), "did you mean floor?");
        assert_eq!(advice("enabeld", &Chain::SHAPE), "did you mean enabled?");
        assert_eq!(
            advice("opening_hours", &Store::SHAPE),
            "the fields are store_id, name, country, zone, hours, policy"
        );
        let Some(Nested::Object(policy)) = Store::SHAPE.nested("policy") else { panic!() };
        let policy = |path| advice(path, policy);
        assert_eq!(policy("policy.max_discount"), "did you mean policy.max_discount_percent?");
        assert_eq!(
            policy("policy.control_percent"),
            "did you mean policy.experiment.control_percent?"
        );
        let bare = advice("max_discount_percent", &Store::SHAPE);
        assert_eq!(bare, "did you mean policy.max_discount_percent?");
    }
}
