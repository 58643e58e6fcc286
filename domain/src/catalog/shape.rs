//! Names of the fields of catalogue entries.

/// Names of the fields of a JSON object, with the shapes of the objects inside it.
///
/// A stored entry is read without regard to other fields, because a newer version may have written
/// them. Readers of files use the shape to refuse them.
///
/// ```
/// use domain::Store;
/// use domain::catalog::Nested;
///
/// assert!(Store::SHAPE.fields.contains(&"hours"));
/// let Some(Nested::Object(policy)) = Store::SHAPE.nested("policy") else { panic!("an object") };
/// assert!(policy.fields.contains(&"max_changes"));
/// ```
#[derive(Debug)]
pub struct Shape {
    /// Names of all fields, in the order in which people read them.
    pub fields: &'static [&'static str],
    /// Fields that hold objects.
    pub nested: &'static [(&'static str, Nested)],
}

/// Objects inside a field.
#[derive(Debug, Clone, Copy)]
pub enum Nested {
    /// One object.
    Object(&'static Shape),
    /// An object of objects, by any names.
    Map(&'static Shape),
    /// A list of objects.
    List(&'static Shape),
}

impl Shape {
    /// Creates the shape of an object without objects inside it.
    pub(crate) const fn flat(fields: &'static [&'static str]) -> Self {
        Self { fields, nested: &[] }
    }

    /// Returns the objects inside a field.
    #[must_use]
    pub fn nested(&self, field: &str) -> Option<Nested> {
        self.nested.iter().find(|(name, _)| *name == field).map(|(_, nested)| *nested)
    }
}
