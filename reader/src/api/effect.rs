//! `GET /v1/effect`: effect of the offers, from the arms of the experiment.

use std::collections::BTreeMap;
use std::sync::Arc;

use analytics::effect::{ArmFigures, EffectGroup, effect, split, steps};
use analytics::table::{Cell, Column, ColumnType, cells, columns};
use axum::extract::{Request, State};
use axum::response::Response;

use super::ReaderService;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::effect::{
    ARM_FIELDS, EffectOutcomes, STEP_FIELDS, arm_rows, load, notes, step_rows, usual_dates,
};
use crate::stores::{latest_today, not_closed};

/// Column of the group.
const CATEGORY: Column = Column {
    name: "category",
    kind: ColumnType::Text,
    meaning: "Category, with `by=category`; null for items without one.",
};
/// Column of the group.
const STORE: Column =
    Column { name: "store_id", kind: ColumnType::Text, meaning: "Store, with `by=store`." };

/// Comparison that is asked for.
#[derive(Debug, Clone, Copy)]
enum By {
    All,
    Group(EffectGroup, Column),
    Step,
}

pub(super) async fn effects<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let known = ["store", "date", "from", "to", "by"];
    let question = PageRequest::read(&request, &known, (service.clock)())?;
    drop(request);
    let (tables, parameters) = (&service.tables, &question.parameters);
    let by = match parameters.word("by", &["category", "store", "step"])? {
        Some("category") => By::Group(EffectGroup::Category, CATEGORY),
        Some("store") => By::Group(EffectGroup::Store, STORE),
        Some(_) => By::Step,
        None => By::All,
    };
    let stores = question.stores(tables, parameters.store()?).await?;
    let usual = || usual_dates(latest_today(&stores, question.asked_at));
    let dates = parameters.dates()?.unwrap_or_else(usual);
    let mut page = Page::new(&question);
    page.note_future(&question, &stores, &dates);
    for store in &stores {
        let missing = not_closed(tables, store, &dates, question.asked_at).await?;
        page.add_not_closed(&store.store_id, missing);
    }
    let found = load(tables, &stores, &dates).await?;
    page.add_unreadable(&found.unreadable);
    if found.currencies.len() > 1 {
        let currencies: Vec<_> = found.currencies.iter().map(ToString::to_string).collect();
        return Err(ReadProblem::MixedCurrencies(currencies.join(" and ")));
    }
    let arms = effect(&found.outcomes);
    if found.days_closed > 0 {
        notes(&arms, &stores, &found).into_iter().for_each(|note| page.note(note));
    }
    let columns = match by {
        By::All => {
            add_arms(&mut page, &[], &arms, &found);
            columns(ARM_FIELDS)
        }
        By::Group(group, column) => {
            let groups: BTreeMap<String, Vec<ArmFigures>> = split(&found.outcomes, group);
            for (name, arms) in &groups {
                add_arms(&mut page, &[Cell::text(name)], arms, &found);
            }
            [vec![column], columns(ARM_FIELDS)].concat()
        }
        By::Step => {
            let steps = steps(&found.outcomes);
            for (percent, row) in steps.keys().zip(step_rows(&steps)) {
                page.add(vec![format!("{percent:03}")], cells(STEP_FIELDS, &row));
            }
            columns(STEP_FIELDS)
        }
    };
    page.answer(&question, &columns, Some(&dates))
}

/// Adds a row for each arm and figure of a group.
fn add_arms(page: &mut Page, group: &[Cell], arms: &[ArmFigures], found: &EffectOutcomes) {
    let name = match group {
        [Cell::Text(name)] => name.clone(),
        _ => String::new(),
    };
    for (row, place) in arm_rows(arms, found.currencies.first().copied()).iter().zip(0..) {
        let key = vec![name.clone(), format!("{place:03}")];
        page.add(key, [group.to_vec(), cells(ARM_FIELDS, row)].concat());
    }
}
