//! Exact amounts: quantities with at most three decimal places, and money in the minor units of its
//! currency.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::limits::{LINE_AMOUNT_MAX, QUANTITY_MAX, QUANTITY_SCALE_MAX, UNIT_PRICE_MAX};

/// Violation of the rules for a quantity or an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a decimal number.
    #[error(
        "is not a decimal number; write it like 2 or 0.375, with a point, and without currency \
         and blanks"
    )]
    NotDecimal,
    /// The number is -0, which some programs write for a lost sign.
    #[error("is a negative zero; write 0")]
    NegativeZero,
    /// The number has too many decimal places.
    #[error("has {given} decimal places; at most {allowed} are allowed")]
    Places {
        /// Given number of decimal places.
        given: u32,
        /// Allowed number of decimal places.
        allowed: u32,
    },
    /// The number is outside its range.
    #[error("is outside {min} to {max}")]
    Range {
        /// Smallest allowed value.
        min: u64,
        /// Largest allowed value.
        max: u64,
    },
    /// The text is not a currency code.
    #[error("is not a currency of ISO 4217, like EUR")]
    Currency,
}

/// Largest exponent of a number, without its sign. It covers all numbers of a [`Decimal`].
const EXPONENT_MAX: u32 = 28;

/// Parses a decimal number: digits with at most one point, an optional minus, and an optional
/// exponent, as Java writes large and small numbers (`1E+3`).
///
/// # Errors
/// Returns [`AmountError::NegativeZero`] for -0, and [`AmountError::NotDecimal`] for any other
/// text, also with a blank, and for a number with more than 28 digits.
pub fn parse_decimal(text: &str) -> Result<Decimal, AmountError> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let digits = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(AmountError::NotDecimal);
    }
    let value = Decimal::from_str_exact(number).map_err(|_| AmountError::NotDecimal)?;
    if value.is_zero() && digits.len() < number.len() {
        return Err(AmountError::NegativeZero);
    }
    if exponent == 0 { Ok(value) } else { shifted(value, exponent).ok_or(AmountError::NotDecimal) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_exponent(text: &str) -> Result<i32, AmountError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let size = digits.parse::<i32>().ok().filter(|size| size.unsigned_abs() <= EXPONENT_MAX);
    let size = size.filter(|_| is_digits(digits)).ok_or(AmountError::NotDecimal)?;
    Ok(if text.starts_with('-') { -size } else { size })
}

/// Returns `value` times ten to the power of `exponent`, if a [`Decimal`] holds it exactly.
fn shifted(value: Decimal, exponent: i32) -> Option<Decimal> {
    let places = i32::try_from(value.scale()).ok()? - exponent;
    let zeros = 10_i128.checked_pow(u32::try_from(-places).unwrap_or(0))?;
    let mantissa = value.mantissa().checked_mul(zeros)?;
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(places).unwrap_or(0)).ok()
}

fn in_range(value: Decimal, scale_max: u32, max: u64) -> Result<Decimal, AmountError> {
    let value = value.normalize();
    if value.is_sign_negative() && !value.is_zero() || value > Decimal::from(max) {
        return Err(AmountError::Range { min: 0, max });
    }
    if value.scale() > scale_max {
        return Err(AmountError::Places { given: value.scale(), allowed: scale_max });
    }
    Ok(value)
}

/// Quantity of an item in one event: 0 to 1,000,000, with at most three decimal places and without
/// trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    /// Creates a quantity.
    ///
    /// # Errors
    /// Returns [`AmountError::Range`] below 0 or above 1,000,000, and [`AmountError::Places`] for
    /// more than three decimal places.
    pub fn new(value: Decimal) -> Result<Self, AmountError> {
        in_range(value, QUANTITY_SCALE_MAX, QUANTITY_MAX).map(Self)
    }

    /// Creates a quantity from thousandths that were checked.
    pub(crate) fn of_thousandths(thousandths: u64) -> Self {
        let value = Decimal::from_i128_with_scale(i128::from(thousandths), QUANTITY_SCALE_MAX);
        Self(value.normalize())
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> Decimal {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::new(parse_decimal(text)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Currencies in use. Source: ISO 4217, list one, without metals and test codes. Other codes are
/// refused, so that the revenue of a stock row has a bounded number of entries.
const CURRENCIES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN \
    BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR \
    FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY \
    KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU \
    MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP \
    TRY TTD TWD TZS UAH UGX USD USN UYI UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR \
    ZMW ZWG";

/// `true` at the place of each code of [`CURRENCIES`].
static IN_USE: [bool; 26 * 26 * 26] = {
    let codes = CURRENCIES.as_bytes();
    let mut in_use = [false; 26 * 26 * 26];
    let mut start = 0;
    while start < codes.len() {
        match place_of([codes[start], codes[start + 1], codes[start + 2]]) {
            Some(place) => in_use[place] = true,
            None => panic!("a currency code has three capital letters"),
        }
        start += 4;
    }
    in_use
};

/// Returns the place of a code among all codes of three capital letters.
const fn place_of(code: [u8; 3]) -> Option<usize> {
    let [a, b, c] = code;
    if !a.is_ascii_uppercase() || !b.is_ascii_uppercase() || !c.is_ascii_uppercase() {
        return None;
    }
    Some(((a - b'A') as usize * 26 + (b - b'A') as usize) * 26 + (c - b'A') as usize)
}

/// ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Euro, the default currency.
    pub const EUR: Self = Self(*b"EUR");

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters")
    }

    /// Returns the number of digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD. Source:
    /// ISO 4217, table A.1.
    #[must_use]
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let code = <[u8; 3]>::try_from(text.as_bytes()).map_err(|_| AmountError::Currency)?;
        let is_in_use = place_of(code).is_some_and(|place| IN_USE[place]);
        if is_in_use { Ok(Self(code)) } else { Err(AmountError::Currency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Amount of one currency with exactly the digits of its minor unit.
///
/// ```
/// use domain::{Currency, Money};
///
/// let price = Money::parse_price("2.5", Currency::EUR)?;
/// assert_eq!(price.to_string(), "2.50");
///
/// let error = Money::parse_price("2.505", Currency::EUR).unwrap_err();
/// assert_eq!(error.to_string(), "has 3 decimal places; at most 2 are allowed");
/// # Ok::<(), domain::money::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// Creates a price from 0 to 1,000,000.
    ///
    /// # Errors
    /// Returns [`AmountError::Range`] outside the range, and [`AmountError::Places`] for an amount
    /// finer than the minor unit.
    pub fn price(amount: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let amount = in_range(amount, currency.minor_digits(), UNIT_PRICE_MAX)?;
        Ok(Self { amount: with_minor_digits(amount, currency), currency })
    }

    /// Creates the amount of one line of a receipt, from 0 to 1,000,000,000.
    ///
    /// # Errors
    /// Returns the errors of [`Money::price`], with the larger range.
    pub fn line_amount(amount: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let amount = in_range(amount, currency.minor_digits(), LINE_AMOUNT_MAX)?;
        Ok(Self { amount: with_minor_digits(amount, currency), currency })
    }

    /// Creates an amount from minor units that were checked.
    pub(crate) fn of_minor_units(minor_units: u64, currency: Currency) -> Self {
        let amount =
            Decimal::from_i128_with_scale(i128::from(minor_units), currency.minor_digits());
        Self { amount, currency }
    }

    /// Parses a price.
    ///
    /// # Errors
    /// Returns the errors of [`parse_decimal`] and [`Money::price`].
    pub fn parse_price(text: &str, currency: Currency) -> Result<Self, AmountError> {
        Self::price(parse_decimal(text)?, currency)
    }

    /// Parses an amount that may be negative.
    ///
    /// # Errors
    /// Returns the errors of [`Money::parse_price`] for the amount without its sign.
    pub fn parse_signed(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let positive = text.strip_prefix('-');
        let size = Self::parse_price(positive.unwrap_or(text), currency)?;
        let is_negative = positive.is_some() && !size.amount.is_zero();
        Ok(Self { amount: if is_negative { -size.amount } else { size.amount }, ..size })
    }

    /// Returns the number, with the digits of the minor unit.
    #[must_use]
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// Returns the currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.fmt(f)
    }
}

/// Rescales `amount` to the digits of the minor unit.
fn with_minor_digits(mut amount: Decimal, currency: Currency) -> Decimal {
    amount.rescale(currency.minor_digits());
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_plain_decimals_within_their_range() {
        let quantity = |text: &str| text.parse::<Quantity>();
        assert_eq!(quantity("2.500").unwrap().to_string(), "2.5");
        assert_eq!(quantity("0.375").unwrap().to_string(), "0.375");
        assert_eq!(quantity("1000000").unwrap().to_string(), "1000000");
        for wrong in ["", ".5", "5.", " 1", "1,5", "+1", "NaN", "--1", "0x1", "1e", "e3", "1e+"] {
            assert_eq!(quantity(wrong), Err(AmountError::NotDecimal), "{wrong:?}");
        }
        for zero in ["-0", "-0.00", "-0E+3", "-0e-2"] {
            assert_eq!(quantity(zero), Err(AmountError::NegativeZero), "{zero:?}");
        }
        assert_eq!(quantity("1.2345"), Err(AmountError::Places { given: 4, allowed: 3 }));
        for wrong in ["-1", "1000000.001", "123456789012"] {
            assert_eq!(quantity(wrong), Err(AmountError::Range { min: 0, max: 1_000_000 }));
        }
        assert_eq!(quantity("99999999999999999999999999999999"), Err(AmountError::NotDecimal));
    }

    #[test]
    fn exponents_are_read_exactly_and_bounded() {
        let quantity = |text: &str| text.parse::<Quantity>().map(|quantity| quantity.to_string());
        let read = [("1E+3", "1000"), ("1.5e2", "150"), ("375E-3", "0.375"), ("0E+28", "0")];
        for (text, number) in read {
            assert_eq!(quantity(text).as_deref(), Ok(number), "{text}");
        }
        assert_eq!(quantity("1E-4"), Err(AmountError::Places { given: 4, allowed: 3 }));
        assert_eq!(quantity("1E+7"), Err(AmountError::Range { min: 0, max: 1_000_000 }));
        for wrong in ["1E+29", "1E-999999999999", "9.9E+28", "1E+3.5", "1E3E3"] {
            assert_eq!(quantity(wrong), Err(AmountError::NotDecimal), "{wrong}");
        }
    }

    #[test]
    fn prices_carry_exactly_the_minor_digits() {
        let price = |text: &str, code: &str| Money::parse_price(text, code.parse().unwrap());
        assert_eq!(price("2.4", "EUR").unwrap().to_string(), "2.40");
        assert_eq!(price("240", "JPY").unwrap().to_string(), "240");
        assert_eq!(price("2.405", "EUR"), Err(AmountError::Places { given: 3, allowed: 2 }));
        assert_eq!(price("0.5", "JPY"), Err(AmountError::Places { given: 1, allowed: 0 }));
        assert_eq!("eur".parse::<Currency>(), Err(AmountError::Currency));
    }
}
