//! The opening of a connection: packets cut from a stream, decoded, and the switches in their options.

#![no_main]

use bytes::BytesMut;
use lakewire::wire::{frame, options, startup};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut inbox = BytesMut::from(data);
    while let frame::Opening::Packet(body) = frame::take_startup(&mut inbox) {
        if let Ok(startup::Packet::Startup(raw)) = startup::decode(body) {
            for (_, value) in raw.parameters {
                let _ = options::parse(&value);
            }
        }
    }
    assert!(inbox.capacity() <= data.len() + 64, "nothing is allocated by a declared length");
});
