//! Any value of any type survives text and binary; any bytes are read or refused, never fatal.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, FixedSizeBinaryArray,
    Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::datatypes::{IntervalMonthDayNano, i256};
use proptest::prelude::*;

use super::{cell, decode};
use crate::sqlstate;
use crate::types::civil::{DAY_US, END_DAY, MIN_DAY, MIN_TIMESTAMP_US};
use crate::types::zone::Zone;
use crate::types::{DateOrder, DateStyle, Format, IntervalStyle, TextStyle, UTC, oid};

const ZONES: [chrono_tz::Tz; 6] = [
    chrono_tz::UTC,
    chrono_tz::America::New_York,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Europe::Dublin,
    chrono_tz::Pacific::Apia,
];

/// Every type a parameter can have, and some it cannot.
fn oids() -> Vec<u32> {
    let scalars = [
        oid::BOOL,
        oid::INT2,
        oid::INT4,
        oid::INT8,
        oid::FLOAT4,
        oid::FLOAT8,
        oid::NUMERIC,
        oid::TEXT,
        oid::VARCHAR,
        oid::BPCHAR,
        oid::NAME,
        oid::CHAR,
        oid::BYTEA,
        oid::DATE,
        oid::TIME,
        oid::TIMESTAMP,
        oid::TIMESTAMPTZ,
        oid::INTERVAL,
        oid::UUID,
        oid::JSON,
        oid::JSONB,
        oid::OID,
        oid::XID,
        oid::REGCLASS,
        oid::UNKNOWN,
        oid::INT2VECTOR,
        oid::OIDVECTOR,
        oid::POINT,
        oid::INET,
        oid::RECORD,
    ];
    let arrays = scalars.iter().filter_map(|&scalar| oid::array_of(scalar));
    scalars.iter().copied().chain(arrays).chain([0, 99_999]).collect()
}

/// Both forms of a value are read back as the same value.
fn survives(oid: u32, array: &ArrayRef, style: &TextStyle) -> Result<(), TestCaseError> {
    for format in [Format::Text, Format::Binary] {
        let bytes = cell(oid, array, format, style).expect("it has this form").expect("it is not NULL");
        let again = decode(oid, format, &bytes, style);
        let again = again.map_err(|error| TestCaseError::fail(format!("{error:?} of {bytes:02x?}")))?;
        prop_assert_eq!(again.as_ref(), array.as_ref(), "{:?} {}", format, String::from_utf8_lossy(&bytes));
    }
    Ok(())
}

fn survives_plainly(oid: u32, array: impl Array + 'static) -> Result<(), TestCaseError> {
    survives(oid, &(Arc::new(array) as ArrayRef), &TextStyle::default())
}

/// Styles whose text says everything: with zone abbreviations it does not.
fn styles() -> impl Strategy<Value = TextStyle> {
    let intervals = [IntervalStyle::Postgres, IntervalStyle::PostgresVerbose, IntervalStyle::Iso8601];
    (0..ZONES.len(), 0..intervals.len(), any::<bool>()).prop_map(move |(zone, interval, bytea_escape)| TextStyle {
        time_zone: Zone::of(ZONES[zone]),
        interval_style: intervals[interval],
        bytea_escape,
        ..TextStyle::default()
    })
}

fn date_styles() -> impl Strategy<Value = TextStyle> {
    let styles = [DateStyle::Iso, DateStyle::Sql, DateStyle::Postgres, DateStyle::German];
    let orders = [DateOrder::Mdy, DateOrder::Dmy];
    (0..styles.len(), 0..orders.len()).prop_map(move |(style, order)| TextStyle {
        date_style: styles[style],
        // German dates are read with the day first only where the session says so.
        date_order: if styles[style] == DateStyle::German { DateOrder::Dmy } else { orders[order] },
        ..TextStyle::default()
    })
}

fn days() -> impl Strategy<Value = i32> {
    let range = i32::try_from(MIN_DAY).expect("fits")..i32::try_from(END_DAY).expect("fits");
    prop_oneof![range, -800_000..3_000_000, Just(i32::MAX), Just(i32::MIN)]
}

/// The last local time of the range is not written in zones east of UTC.
fn instants() -> impl Strategy<Value = i64> {
    let years = 60 * 365 * DAY_US;
    prop_oneof![MIN_TIMESTAMP_US + DAY_US..i64::MAX - DAY_US, -years..2 * years, Just(i64::MAX), Just(i64::MIN)]
}

fn without_zero_bytes() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', "0"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers(small in any::<i16>(), int in any::<i32>(), big in any::<i64>(), number in any::<u32>(), flag in any::<bool>()) {
        survives_plainly(oid::INT2, Int16Array::from(vec![small]))?;
        survives_plainly(oid::INT4, Int32Array::from(vec![int]))?;
        survives_plainly(oid::INT8, Int64Array::from(vec![big]))?;
        survives_plainly(oid::OID, UInt32Array::from(vec![number]))?;
        survives_plainly(oid::BOOL, BooleanArray::from(vec![flag]))?;
    }

    #[test]
    fn floats(bits in any::<u64>(), narrow in any::<u32>(), usual in -1e9_f64..1e9) {
        let (double, single) = (f64::from_bits(bits), f32::from_bits(narrow));
        if !double.is_nan() {
            survives_plainly(oid::FLOAT8, Float64Array::from(vec![double]))?;
        }
        if !single.is_nan() {
            survives_plainly(oid::FLOAT4, Float32Array::from(vec![single]))?;
        }
        survives_plainly(oid::FLOAT8, Float64Array::from(vec![usual]))?;
    }

    #[test]
    fn numerics(value in any::<i128>(), shift in 0..127_u32, scale in 0..=38_i8, high in any::<i64>()) {
        let value = value >> shift;
        let digits = u8::try_from(value.unsigned_abs().to_string().len()).expect("39 at most");
        let precision = digits.max(scale.unsigned_abs()).max(1);
        if precision <= 38 {
            let array = Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).expect("valid");
            survives_plainly(oid::NUMERIC, array)?;
        }
        let wide = i256::from_i128(i128::MAX).wrapping_mul(i256::from_i128(i128::from(high | 1)));
        let digits = u8::try_from(wide.to_string().trim_start_matches('-').len()).expect("77 at most");
        let array = Decimal256Array::from(vec![wide]).with_precision_and_scale(digits, scale).expect("valid");
        survives_plainly(oid::NUMERIC, array)?;
    }

    #[test]
    fn dates_and_times(days in days(), us in 0..=DAY_US, instant in instants(), style in date_styles()) {
        survives(oid::DATE, &(Arc::new(Date32Array::from(vec![days])) as ArrayRef), &style)?;
        survives(oid::TIME, &(Arc::new(Time64MicrosecondArray::from(vec![us])) as ArrayRef), &style)?;
        survives(oid::TIMESTAMP, &(Arc::new(TimestampMicrosecondArray::from(vec![instant])) as ArrayRef), &style)?;
    }

    #[test]
    fn instants_in_any_zone(instant in instants(), style in styles()) {
        let array = TimestampMicrosecondArray::from(vec![instant]).with_timezone(UTC);
        survives(oid::TIMESTAMPTZ, &(Arc::new(array) as ArrayRef), &style)?;
    }

    #[test]
    fn intervals(months in any::<i32>(), days in any::<i32>(), us in any::<i64>(), style in styles()) {
        // The text says `ago` of all parts at once, which the smallest numbers do not survive.
        let (months, days) = (months.max(-i32::MAX), days.max(-i32::MAX));
        let value = IntervalMonthDayNano::new(months, days, us / 1_000 * 1_000);
        survives(oid::INTERVAL, &(Arc::new(IntervalMonthDayNanoArray::from(vec![value])) as ArrayRef), &style)?;
    }

    #[test]
    fn bytes_and_texts(bytes in any::<Vec<u8>>(), text in without_zero_bytes(), uuid in any::<[u8; 16]>(), style in styles()) {
        survives(oid::BYTEA, &(Arc::new(BinaryArray::from_vec(vec![&bytes])) as ArrayRef), &style)?;
        survives(oid::TEXT, &(Arc::new(StringArray::from(vec![text])) as ArrayRef), &style)?;
        let uuid = FixedSizeBinaryArray::try_from_iter([uuid].into_iter()).expect("one width");
        survives(oid::UUID, &(Arc::new(uuid) as ArrayRef), &style)?;
    }

    #[test]
    fn arrays(texts in prop::collection::vec(prop::option::of(without_zero_bytes()), 1..6), numbers in prop::collection::vec(any::<i32>(), 6)) {
        let literal = |parts: &[String]| format!("{{{}}}", parts.join(","));
        let quoted: Vec<_> = texts
            .iter()
            .map(|text| text.as_ref().map_or("NULL".to_owned(), |text| {
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }))
            .collect();
        let style = TextStyle::default();
        let array = decode(1009, Format::Text, literal(&quoted).as_bytes(), &style).expect("valid");
        survives(1009, &array, &style)?;
        let rows: Vec<_> = numbers
            .chunks(2)
            .map(|pair| literal(&pair.iter().map(ToString::to_string).collect::<Vec<_>>()))
            .collect();
        let array = decode(1007, Format::Text, literal(&rows).as_bytes(), &style).expect("valid");
        survives(1007, &array, &style)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), binary in any::<bool>()) {
        refuses_gently(&bytes, if binary { Format::Binary } else { Format::Text })?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9a-zT:./ {}\\[\\],\"\\\\=PYMDHS_äinfatyu]{0,24}") {
        refuses_gently(text.as_bytes(), Format::Text)?;
    }

    #[test]
    fn damaged_arrays_are_refused(at in 0..52_usize, byte in any::<u8>(), cut in 0..52_usize) {
        let style = TextStyle::default();
        let array = decode(1007, Format::Text, b"{{1,2},{3,NULL}}", &style).expect("valid");
        let mut sent = cell(1007, &array, Format::Binary, &style).expect("has the form").expect("not NULL");
        sent[at] = byte;
        refuses_gently(&sent, Format::Binary)?;
        refuses_gently(&sent[..cut], Format::Binary)?;
    }
}

/// Decodes bytes as every type; what is read can be written, and what is refused has a code of its own.
fn refuses_gently(bytes: &[u8], format: Format) -> Result<(), TestCaseError> {
    let style = TextStyle::default();
    for oid in oids() {
        match decode(oid, format, bytes, &style) {
            Ok(array) => {
                prop_assert_eq!(array.len(), 1);
                for format in [Format::Text, Format::Binary] {
                    if let Err(error) = cell(oid, &array, format, &style) {
                        prop_assert_ne!(error.sqlstate(), sqlstate::INTERNAL_ERROR, "{:?}", error);
                    }
                }
            }
            Err(error) => prop_assert_ne!(error.sqlstate(), sqlstate::INTERNAL_ERROR, "{:?}", error),
        }
    }
    Ok(())
}
