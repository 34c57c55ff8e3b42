//! COPY's data: the first byte chooses format and size of the pieces, the rest is what the client sends.

#![no_main]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use lakewire::types::TextStyle;
use lakewire::types::copy::{CopyOptions, OptionValue, RawOption, Reader, Shape, ShapeColumn, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let form = ["text", "csv", "binary"][usize::from(choice % 3)];
    let option =
        RawOption { name: "format".to_owned(), value: OptionValue::Text(form.to_owned()), position: None };
    let options = CopyOptions::of(&[option], true).expect("sound options");
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let types = [DataType::Int32, DataType::Utf8, DataType::LargeBinary, DataType::List(item)];
    let column = |(i, data_type)| ShapeColumn {
        field: Arc::new(Field::new(format!("c{i}"), data_type, true)),
        has_default: false,
        force_not_null: false,
        force_null: false,
    };
    let columns = types.into_iter().enumerate().map(column).collect();
    let shape = Arc::new(Shape { table: "t".to_owned(), columns });
    let mut reader = Reader::new(shape, options, &TextStyle::default());
    let mut pieces = data.chunks(usize::from(choice / 3) + 1);
    loop {
        match reader.next(true) {
            Ok(Step::Rows(_)) => {}
            Ok(Step::More) => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => reader.finish(),
            },
            Ok(Step::End) | Err(_) => return,
        }
        assert!(reader.held_bytes() <= 8 * data.len() + 8_192, "no more is held than was sent");
    }
});
