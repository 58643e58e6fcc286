//! Numbers of till lines as a back office prints them: `1.250,00 €`, `$3.50`, `(3.50)`, `3,90-`.

mod currency_mark;

use std::borrow::Cow;

use clap::ValueEnum;
use domain::excerpt;
use domain::money::parse_decimal;

pub(super) use currency_mark::CurrencyMark;
use currency_mark::without_currency;

/// Decimal sign of the numbers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum DecimalSign {
    /// `1,250.00`
    Point,
    /// `1.250,00`
    Comma,
}

impl DecimalSign {
    fn as_char(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// Blanks and marks between groups of three digits, beside point and comma.
const GROUP_MARKS: [char; 6] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '\'', '’'];
/// Signs of a negative number.
const MINUSES: [char; 3] = ['-', '\u{2212}', '\u{2013}'];

/// Number without currency and sign, whose separators are still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Printed<'a> {
    is_negative: bool,
    digits: &'a str,
    pub(super) currency: Option<CurrencyMark>,
}

/// Meaning of the separators of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separators {
    /// There is none, or both meanings are the same.
    Plain,
    /// The decimal sign is certain.
    Certain(DecimalSign),
    /// One point or comma with three digits behind it: the sign of a group or of the decimals.
    Open(DecimalSign),
}

impl<'a> Printed<'a> {
    /// Takes a number apart. Returns `None` if it is no number in any form.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut digits = text.trim();
        let mut is_negative = false;
        let mut currency = None;
        if let Some(inner) = digits.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            digits = inner.trim();
            is_negative = true;
        }
        // A sign may stand before or behind the currency.
        loop {
            let before = digits;
            digits = digits.trim();
            if let Some(rest) =
                digits.strip_prefix(MINUSES).or_else(|| digits.strip_suffix(MINUSES))
            {
                if is_negative {
                    return None;
                }
                (digits, is_negative) = (rest, true);
            } else if let Some(rest) = digits.strip_prefix('+') {
                digits = rest;
            } else if let Some((rest, mark)) = without_currency(digits) {
                if currency.is_some() {
                    return None;
                }
                (digits, currency) = (rest, Some(mark));
            }
            if digits == before {
                break;
            }
        }
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',')
            && digits.ends_with(|c: char| c.is_ascii_digit())
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || c == '.' || c == ',' || GROUP_MARKS.contains(&c));
        is_number.then_some(Self { is_negative, digits, currency })
    }

    /// Returns what the separators of the number say by themselves.
    pub(super) fn separators(&self) -> Separators {
        let last = self.digits.rfind(['.', ',']);
        let Some(last) = last else { return Separators::Plain };
        let sign = match self.digits[last..].chars().next() {
            Some(',') => DecimalSign::Comma,
            _ => DecimalSign::Point,
        };
        let (before, behind) = (&self.digits[..last], &self.digits[last + 1..]);
        if behind.contains(GROUP_MARKS) {
            return Separators::Certain(sign.other());
        }
        if before.contains(sign.as_char()) {
            return Separators::Certain(sign.other());
        }
        let is_grouped = before.contains(['.', ',']) || before.contains(GROUP_MARKS);
        let is_group =
            behind.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
        if is_group && !is_grouped { Separators::Open(sign) } else { Separators::Certain(sign) }
    }

    /// Returns the number with a point as its decimal sign, or `None` if its groups are wrong.
    pub(super) fn plain(&self, decimal: DecimalSign) -> Option<String> {
        let (whole, fraction) = match self.digits.split_once(decimal.as_char()) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (self.digits, None),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if fraction.is_some_and(|fraction| fraction.is_empty() || !is_digits(fraction)) {
            return None;
        }
        let is_mark = |c: char| c == decimal.other().as_char() || GROUP_MARKS.contains(&c);
        let groups: Vec<&str> = whole.split(is_mark).collect();
        let (first, rest) = groups.split_first()?;
        let marks: Vec<char> = whole.chars().filter(|c| is_mark(*c)).collect();
        let is_same_mark = marks.iter().all(|mark| *mark == marks[0]);
        if !is_same_mark || !groups.iter().all(|group| is_digits(group)) || !are_groups(first, rest)
        {
            return None;
        }
        let minus = if self.is_negative { "-" } else { "" };
        let whole = match groups.concat() {
            digits if digits.is_empty() => "0".to_owned(),
            digits => digits,
        };
        Some(match fraction {
            Some(fraction) => format!("{minus}{whole}.{fraction}"),
            None => format!("{minus}{whole}"),
        })
    }
}

/// `true` for groups of three digits, or of two above the last three, as in India.
fn are_groups(first: &str, rest: &[&str]) -> bool {
    let Some((last, middle)) = rest.split_last() else { return true };
    let is_of = |length: usize| {
        (1..=length).contains(&first.len()) && middle.iter().all(|group| group.len() == length)
    };
    last.len() == 3 && (is_of(3) || is_of(2))
}

/// `true` for a number without separators, currency and blanks, or with an exponent.
fn is_common(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole || text.contains(['e', 'E']) && parse_decimal(text).is_ok()
}

/// Numbers of a column: the decimal sign that they show.
#[derive(Debug, Clone, Default)]
pub(super) struct NumberColumn {
    /// First number that shows a sign, with its line: of the point, and of the comma.
    shown: [Option<(u64, String)>; 2],
}

impl NumberColumn {
    /// Adds a cell of the column.
    pub(super) fn add(&mut self, line: u64, cell: &str) {
        if !cell.contains(['.', ',', '\'', ' ']) {
            return;
        }
        let Some(number) = Printed::read(cell) else { return };
        if let Separators::Certain(sign) = number.separators() {
            let shown = &mut self.shown[usize::from(sign == DecimalSign::Comma)];
            shown.get_or_insert_with(|| (line, cell.trim().to_owned()));
        }
    }

    /// Returns the decimal sign of the column; `None` if no number shows one.
    ///
    /// # Errors
    /// Returns an error with both numbers if the column shows both.
    pub(super) fn sign(&self, column: &str) -> Result<Option<DecimalSign>, String> {
        match &self.shown {
            [None, None] => Ok(None),
            [Some(_), None] => Ok(Some(DecimalSign::Point)),
            [None, Some(_)] => Ok(Some(DecimalSign::Comma)),
            [Some((point_line, point)), Some((comma_line, comma))] => Err(format!(
                "column {column:?} has a decimal point on line {point_line}, {}, and a decimal \
                 comma on line {comma_line}, {}; --decimal point or comma says which one is right, \
                 and the other lines are refused",
                excerpt(point),
                excerpt(comma)
            )),
        }
    }
}

/// Decimal sign of the numbers of a field.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NumberForm {
    /// Sign that a flag names, or the column shows.
    pub(super) own: Option<DecimalSign>,
    /// Sign that the other columns of the file show.
    pub(super) of_file: Option<DecimalSign>,
    /// `true` if a point without other evidence is the decimal sign: the documented form.
    pub(super) is_point_common: bool,
    /// `true` for a quantity: three decimals are common there, and groups of thousands are not.
    pub(super) is_quantity: bool,
}

impl NumberForm {
    /// Returns a number with a point as its decimal sign, and the currency beside it. A text that
    /// is no number stays as it is, for the rules of the event to refuse.
    ///
    /// # Errors
    /// Returns the rule that the number breaks, without the number.
    pub(super) fn read<'a>(
        self,
        text: &'a str,
    ) -> Result<(Cow<'a, str>, Option<CurrencyMark>), String> {
        if is_common(text) {
            return Ok((Cow::Borrowed(text), None));
        }
        let Some(number) = Printed::read(text) else { return Ok((Cow::Borrowed(text), None)) };
        let sign = match number.separators() {
            Separators::Plain => DecimalSign::Point,
            Separators::Certain(sign) => self.own.unwrap_or(sign),
            Separators::Open(shown) => self.open(shown)?,
        };
        let plain = number.plain(sign).ok_or_else(|| match sign {
            DecimalSign::Point => "is no number with a decimal point, like 1,250.00; --decimal \
                                   comma reads decimal commas"
                .to_owned(),
            DecimalSign::Comma => "is no number with a decimal comma, like 1.250,00; --decimal \
                                   point reads decimal points"
                .to_owned(),
        })?;
        Ok((Cow::Owned(plain), number.currency))
    }

    /// Returns the decimal sign of a number with one sign and three digits behind it.
    fn open(self, shown: DecimalSign) -> Result<DecimalSign, String> {
        let unsure = || {
            "has one separator and three digits behind it, which may be thousands or decimals; \
             --decimal point or --decimal comma says which sign begins the decimals"
                .to_owned()
        };
        match (self.own, self.of_file) {
            (Some(sign), _) => Ok(sign),
            (None, Some(sign)) if sign != shown && self.is_quantity => Err(unsure()),
            (None, Some(sign)) => Ok(sign),
            (None, None) if shown == DecimalSign::Point && self.is_point_common => Ok(shown),
            (None, None) => Err(unsure()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: NumberForm, text: &str) -> String {
        match form.read(text) {
            Ok((number, None)) => number.into_owned(),
            Ok((number, Some(CurrencyMark::One(currency)))) => format!("{number} {currency}"),
            Ok((number, Some(CurrencyMark::Shared(sign, _)))) => format!("{number} {sign}"),
            Err(rule) => rule.split(',').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn numbers_are_read_as_back_offices_print_them() {
        let form = NumberForm { is_point_common: true, ..NumberForm::default() };
        for (text, number) in [
            ("3.90", "3.90"),
            ("3,90", "3.90"),
            ("1,250.00", "1250.00"),
            ("1.250,00", "1250.00"),
            ("1\u{a0}250,00", "1250.00"),
            ("1\u{202f}250,5 €", "1250.5 EUR"),
            ("1'250.00", "1250.00"),
            ("CHF 1’250.00", "1250.00 CHF"),
            ("12 345", "12345"),
            ("1,00,000.50", "100000.50"),
            ("1,234,567", "1234567"),
            ("$3.50", "3.50 $"),
            ("-$3.50", "-3.50 $"),
            ("$-3.50", "-3.50 $"),
            ("(3.50)", "-3.50"),
            ("($3.50)", "-3.50 $"),
            ("3.50-", "-3.50"),
            ("\u{2212}3,50", "-3.50"),
            ("+2", "2"),
            ("3,50 zł", "3.50 PLN"),
            ("R$ 3,50", "3.50 BRL"),
            ("3.50 USD", "3.50 USD"),
            ("1E+3", "1E+3"),
            ("0,384", "0.384"),
            ("1.250", "1.250"),
            (".5", "0.5"),
        ] {
            assert_eq!(read(form, text), number, "{text}");
        }
        // The rules of the event refuse these.
        for text in ["", "n/a", "--3", "(-3)", "3.50 USD EUR", "5.", "1.2.3,4x", "€", "12 pcs"] {
            assert_eq!(read(form, text), text);
        }
    }

    #[test]
    fn groups_that_are_none_are_refused() {
        let form = NumberForm { own: Some(DecimalSign::Point), ..NumberForm::default() };
        for text in ["3,90", "12,50.00", "1,2500", "1,250,00", "1'250,000", "1.250,00"] {
            assert!(read(form, text).starts_with("is no number with a decimal point"), "{text}");
        }
        assert_eq!(read(form, "1,250"), "1250");
        let form = NumberForm { own: Some(DecimalSign::Comma), ..NumberForm::default() };
        assert_eq!(read(form, "1.250"), "1250");
        assert_eq!(read(form, "1,250"), "1.250");
        assert!(read(form, "3.90").starts_with("is no number with a decimal comma"));
    }

    #[test]
    fn one_separator_before_three_digits_needs_evidence() {
        let unsure = "has one separator and three digits behind it";
        let none = NumberForm::default();
        assert_eq!([read(none, "1,250"), read(none, "1.250")], [unsure, unsure]);
        let of_file = NumberForm { of_file: Some(DecimalSign::Comma), ..none };
        assert_eq!([read(of_file, "1,250"), read(of_file, "1.250")], ["1.250", "1250"]);
        let quantity = NumberForm { is_quantity: true, ..of_file };
        assert_eq!([read(quantity, "1,250"), read(quantity, "1.250")], ["1.250", unsure]);
    }

    #[test]
    fn a_column_shows_its_decimal_sign_or_both() {
        let mut column = NumberColumn::default();
        for (line, cell) in (2..).zip(["3", "1,250", "1.250"]) {
            column.add(line, cell);
        }
        assert_eq!(column.sign("price"), Ok(None));
        column.add(5, "3,90 €");
        assert_eq!(column.sign("price"), Ok(Some(DecimalSign::Comma)));
        column.add(9, "1,250.00");
        let message = column.sign("price").unwrap_err();
        let told = "column \"price\" has a decimal point on line 9, 1,250.00, and a decimal comma \
                    on line 5, 3,90 €";
        assert!(message.starts_with(told), "{message}");
    }
}
