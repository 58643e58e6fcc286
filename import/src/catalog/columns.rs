//! Catalogue entries in the columns of a CSV file. A column has the path of its field, like
//! `policy.max_changes` or `policy.categories.bread.min_price`.

use domain::catalog::{Nested, Shape};

use super::fields::{Field, Fields, NAMELESS, PatchReader, quoted};
use super::names::unknown_name;
use super::{EntryKind, EntryPatch, Placed};
use crate::csv_rows::{Cells, Row, rows};

/// Column with the path of its field.
struct Column<'a> {
    index: usize,
    name: &'a str,
    path: Vec<&'a str>,
    nested: Option<Nested>,
}

/// Reads the rows of a file. An empty cell clears its field.
///
/// # Errors
/// Returns an error if the header cannot be read, or has a name that is unknown, empty or there
/// twice.
pub(super) fn read(text: &str) -> Result<Vec<Placed>, String> {
    let (headers, rows) = rows(text)?;
    let headers: Vec<&str> = headers.iter().map(|header| header.trim()).collect();
    let kind = EntryKind::of(|field| headers.contains(&field));
    let Some(kind) = kind else {
        let given = domain::excerpt(&headers.join(","));
        return Err(format!(
            "the header has none of the columns sku, chain and store_id; it is {given}"
        ));
    };
    let columns = columns(&headers, &rows, kind.shape()).map_err(|problems| problems.join("; "))?;
    let row = |(line, cells): Row<'_>| {
        let patch = cells.and_then(|cells| EntryPatch::new(kind, fields(&columns, &cells)?));
        (line.into(), patch)
    };
    Ok(rows.into_iter().map(row).collect())
}

fn columns<'a>(
    headers: &[&'a str],
    rows: &[Row<'_>],
    shape: &Shape,
) -> Result<Vec<Column<'a>>, Vec<String>> {
    let is_empty = |index: usize| {
        let cells = rows.iter().filter_map(|(_, row)| row.as_ref().ok()?.get(index));
        cells.into_iter().all(|cell| cell.trim().is_empty())
    };
    let (mut columns, mut problems) = (Vec::<Column<'a>>::new(), Vec::new());
    for (index, name) in headers.iter().copied().enumerate() {
        // Spreadsheets add empty columns at the end.
        if name.is_empty() && is_empty(index) {
            continue;
        }
        if name.is_empty() {
            problems.push(format!("column {} has cells and no name", index + 1));
            continue;
        }
        match resolve(name, name, shape) {
            Ok((path, nested)) => columns.push(Column { index, name, path, nested }),
            Err(problem) => problems.push(problem),
        }
    }
    for (index, column) in columns.iter().enumerate() {
        let meets = |other: &&Column<'_>| {
            other.path.starts_with(&column.path) || column.path.starts_with(&other.path)
        };
        if let Some(other) = columns[..index].iter().find(meets) {
            let (name, other) = (domain::excerpt(column.name), domain::excerpt(other.name));
            problems.push(format!("the columns {other} and {name} set the same field; keep one"));
        }
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

/// Path of a field, and the objects inside it.
type Resolved<'a> = (Vec<&'a str>, Option<Nested>);

/// Finds the field of a column. `rest` is the part of its name inside the object of the shape.
fn resolve<'a>(column: &'a str, rest: &'a str, shape: &Shape) -> Result<Resolved<'a>, String> {
    let (name, inner) = rest.split_once('.').map_or((rest, None), |(a, b)| (a, Some(b)));
    let until = |part: &str| {
        let end = part.as_ptr() as usize + part.len() - column.as_ptr() as usize;
        &column[..end]
    };
    if !shape.fields.contains(&name) {
        return Err(unknown_name("column", until(name), shape));
    }
    let (mut path, nested) = match (inner, shape.nested(name)) {
        (None, nested) => (Vec::new(), nested),
        (Some(inner), Some(Nested::Object(shape))) => resolve(column, inner, shape)?,
        (Some(inner), Some(Nested::Map(shape))) => match inner.rsplit_once('.') {
            // The name of a category may have points; the names of its fields have none.
            Some((entry, field)) if shape.fields.contains(&field) => match entry.trim() {
                "" => return Err(format!("column {} {NAMELESS}", domain::excerpt(column))),
                entry => (vec![entry, field], None),
            },
            Some(_) => return Err(unknown_name("column", column, shape)),
            None => {
                let example = shape.fields[0];
                let given = domain::excerpt(column);
                return Err(format!("column {given} needs a field, like {given}.{example}"));
            }
        },
        (Some(_), Some(Nested::List(_)) | None) => {
            let (given, known) = (domain::excerpt(column), until(name));
            return Err(format!("{given} is no column of the catalogue; did you mean {known}?"));
        }
    };
    path.insert(0, name);
    Ok((path, nested))
}

fn fields(columns: &[Column<'_>], cells: &Cells<'_>) -> Result<Fields, String> {
    let mut reader = PatchReader::default();
    let mut fields = Fields::new();
    for Column { index, name, path, nested } in columns {
        let field = reader.field(&quoted(&cells[*index]), *nested, name);
        insert(&mut fields, path, field);
    }
    if reader.problems.is_empty() { Ok(fields) } else { Err(reader.problems.join("; ")) }
}

/// Inserts a field inside objects, which are created.
fn insert(fields: &mut Fields, path: &[&str], field: Field) {
    match path {
        [] => {}
        [name] => drop(fields.insert((*name).to_owned(), field)),
        [name, inner @ ..] => {
            let object = || Field::Object(Fields::new());
            if let Field::Object(fields) = fields.entry((*name).to_owned()).or_insert_with(object) {
                insert(fields, inner, field);
            }
        }
    }
}
