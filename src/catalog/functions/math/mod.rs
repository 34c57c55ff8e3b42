//! Mathematical functions. A function of both `numeric` and `double precision` is exact for the former.

mod bitwise;
mod bucket;
mod extreme;
mod float;
mod integer;
mod numeric;
pub(super) mod transcendental;
mod trig;

use super::Registry;

/// Adds the functions of this module.
pub(super) fn register(r: &mut Registry) {
    integer::register(r);
    float::register(r);
    trig::register(r);
    numeric::register(r);
    bucket::register(r);
    extreme::register(r);
    bitwise::register(r);
}
