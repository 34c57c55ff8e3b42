//! Writers of byte-wise columns: text, byte strings, UUIDs.
//!
//! A string column can stand for any PostgreSQL type whose text form it holds. Its text form is then a copy; its
//! binary form is the text's own for text-like types, and otherwise made by reading the text as that type's input.

use arrow::array::{
    BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray, LargeStringArray, StringArray,
    StringViewArray,
};

use super::choose;
use super::writer::{Bytewise, Cells, ColumnWriter, Copied, EachOf, Rendered};
use crate::error::{Error, Result};
use crate::types::input;
use crate::types::timetz::TimeTz;
use crate::types::wide::Numeric;
use crate::types::{Format, TextStyle, oid, output, send};

/// What every function here makes.
type Writer = Box<dyn ColumnWriter>;

/// A string column as any type.
pub fn string<A: 'static + Bytewise + Send>(oid: u32, format: Format, style: &TextStyle) -> Result<Writer> {
    let made_by_users = oid::by_oid(oid).is_none();
    let writer: Writer = match (format, oid) {
        (Format::Text, _) => Box::new(Copied::<A>::new(b"")),
        (Format::Binary, _) if made_by_users || oid::is_text_like(oid) => Box::new(Copied::<A>::new(b"")),
        (Format::Binary, oid::JSONB | oid::JSONPATH) => Box::new(Copied::<A>::new(b"\x01")),
        (Format::Binary, oid::BIT | oid::VARBIT) => each::<A>(|value, out| {
            input::send_bits(value, out);
            Ok(())
        }),
        (Format::Binary, oid::CHAR) => each::<A>(|value, out| {
            out.push(input::char_byte(value));
            Ok(())
        }),
        (Format::Binary, oid::NUMERIC) => each::<A>(|value, out| {
            input::parse_numeric(text_of(value)?)?.write_binary(out);
            Ok(())
        }),
        (Format::Binary, _) if oid::is_oid_like(oid) => each::<A>(move |value, out| {
            out.extend_from_slice(&input::parse_oid_alias(oid, text_of(value)?)?.to_be_bytes());
            Ok(())
        }),
        (Format::Binary, _) => reread::<A>(oid, style)?,
    };
    Ok(writer)
}

/// A byte string column in text.
pub fn bytea<A: 'static + Bytewise + Send>(escape: bool) -> Writer {
    each::<A>(move |value, out| {
        output::bytea(value, escape, out);
        Ok(())
    })
}

/// A UUID column.
pub fn uuid(format: Format) -> Writer {
    match format {
        Format::Binary => Box::new(Copied::<FixedSizeBinaryArray>::new(b"")),
        Format::Text => each::<FixedSizeBinaryArray>(|value, out| {
            output::uuid(value.try_into().expect("the column's width is 16"), out);
            Ok(())
        }),
    }
}

/// A column of numerics with a scale each.
pub fn wide_numeric(format: Format) -> Writer {
    match format {
        Format::Text => each::<LargeBinaryArray>(|value, out| {
            Numeric::decode(value)?.write_text(out);
            Ok(())
        }),
        Format::Binary => each::<LargeBinaryArray>(|value, out| {
            Numeric::decode(value)?.write_binary(out);
            Ok(())
        }),
    }
}

/// The writer of times with a zone.
pub fn timetz(format: Format) -> Writer {
    each::<FixedSizeBinaryArray>(move |value, out| {
        let value = TimeTz::from_key(value).expect("the column's width is a time's with a zone");
        match format {
            Format::Text => output::timetz(value, out)?,
            Format::Binary => out.extend_from_slice(&send::timetz(value)?),
        }
        Ok(())
    })
}

/// The binary form of text that is read as its type's input, value by value.
fn reread<A: 'static + Bytewise + Send>(oid: u32, style: &TextStyle) -> Result<Writer> {
    let field = crate::types::arrow_field(oid, -1).map_err(|_| {
        Error::unsupported(format!("no binary output function available for type {}", oid::sql_name(oid)))
    })?;
    let mut inner = choose::writer(field.data_type(), oid, Format::Binary, style)?;
    let style = style.clone();
    let mut cells = Cells::default();
    Ok(each::<A>(move |value, out| {
        let value = crate::types::param::decode_text(oid, text_of(value)?, &style)?;
        cells.clear();
        inner.render(value.as_ref(), 0..1, &mut cells)?;
        out.extend_from_slice(cells.get(0));
        Ok(())
    }))
}

/// A value of a string column, for functions that read text.
fn text_of(value: &[u8]) -> Result<&str> {
    input::utf8(value)
}

/// A value made in the scratch buffer from the column's bytes.
fn each<A: 'static + Bytewise + Send>(
    mut write: impl FnMut(&[u8], &mut Vec<u8>) -> Result<()> + Send + 'static,
) -> Writer {
    Box::new(Rendered::new(EachOf::new(move |array: &A, row, out: &mut Vec<u8>| write(array.bytes(row), out))))
}

macro_rules! bytewise {
    ($($array:ty: |$row:ident, $this:ident| $bytes:expr;)*) => {
        $(impl Bytewise for $array {
            #[inline]
            fn bytes(&self, $row: usize) -> &[u8] {
                let $this = self;
                $bytes
            }
        })*
    };
}

bytewise! {
    StringArray: |row, array| array.value(row).as_bytes();
    LargeStringArray: |row, array| array.value(row).as_bytes();
    BinaryArray: |row, array| array.value(row);
    LargeBinaryArray: |row, array| array.value(row);
    FixedSizeBinaryArray: |row, array| array.value(row);
}

/// The length of a view is in its lowest 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the lowest 32 bits are meant")]
fn view_len(view: u128) -> usize {
    view as u32 as usize
}

impl Bytewise for StringViewArray {
    #[inline]
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row).as_bytes()
    }

    #[inline]
    fn bytes_len(&self, row: usize) -> usize {
        view_len(self.views()[row])
    }
}

impl Bytewise for BinaryViewArray {
    #[inline]
    fn bytes(&self, row: usize) -> &[u8] {
        self.value(row)
    }

    #[inline]
    fn bytes_len(&self, row: usize) -> usize {
        view_len(self.views()[row])
    }
}
