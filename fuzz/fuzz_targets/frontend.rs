//! A client's messages: cut from a stream by their frames, then decoded.

#![no_main]

use bytes::BytesMut;
use lakewire::wire::{frame, frontend};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut inbox = BytesMut::from(data);
    while let Ok(Some(message)) = frame::take(&mut inbox, |kind| frame::session_limit(kind, 16 << 20)) {
        let _ = frontend::decode(message);
    }
    assert!(inbox.capacity() <= data.len() + 64, "nothing is allocated by a declared length");
});
