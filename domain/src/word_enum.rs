//! Members of enums whose variants are words in JSON and in tables.

macro_rules! word_enum {
    ($($name:ident),+) => {$(
        impl $name {
            /// All variants, in the order of their definition.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// Returns the word of the variant.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    )+};
}

pub(crate) use word_enum;
