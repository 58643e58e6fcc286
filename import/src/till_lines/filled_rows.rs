//! Empty cells that have the value of the line above: facts of a receipt that stand on its first
//! line only.

use super::header::Header;
use crate::csv_rows::Row;
use crate::till_mapping::TillMapping;

/// Fills the columns of the mapping. A cell of another receipt, or below a line that is refused,
/// has no value above; its line becomes refused.
///
/// # Errors
/// Returns an error if the file has no such column.
pub(super) fn fill(
    rows: &mut [Row<'_>],
    mapping: &TillMapping,
    header: &Header,
) -> Result<(), String> {
    let places: Result<Vec<Vec<usize>>, String> =
        mapping.fill.iter().map(|column| header.places(column)).collect();
    let places: Vec<usize> = places?.into_iter().flatten().collect();
    let receipt = mapping.map.iter().find(|(field, _)| field == "receipt");
    let receipt = receipt.map(|(_, columns)| header.places(columns)).transpose()?;
    let receipt = receipt.and_then(|places| places.first().copied());
    let mut above: Option<usize> = None;
    for index in 0..rows.len() {
        let (before, from) = rows.split_at_mut(index);
        let (_, row) = &mut from[0];
        let Ok(cells) = row else {
            above = None;
            continue;
        };
        let last = above.and_then(|above| before[above].1.as_ref().ok());
        let last = last.filter(|last| {
            receipt.is_none_or(|place| {
                let own = cells[place].trim();
                own.is_empty() || own == last[place].trim()
            })
        });
        let mut without = None;
        for place in places.iter().copied() {
            if !cells[place].trim().is_empty() {
                continue;
            }
            match last.map(|last| last[place].clone()).filter(|cell| !cell.trim().is_empty()) {
                Some(cell) => cells[place] = cell,
                None => without = Some(place),
            }
        }
        above = match without {
            None => Some(index),
            Some(place) => {
                *row = Err(format!(
                    "column {:?} is empty, and no line above of the same receipt gives its value",
                    header.name(place)
                ));
                None
            }
        };
    }
    Ok(())
}
