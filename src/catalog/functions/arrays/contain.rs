//! Set relations of arrays (`@>`, `<@`, `&&`) and their comparison, under the names of `pg_operator`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{AnyArray, Bool};
use super::super::ty::element;
use super::order;
use super::shape::dimensions;
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    r.add("arraycontains", &[AnyArray, AnyArray], Bool, |c| pairs(c, contains));
    r.add("arraycontained", &[AnyArray, AnyArray], Bool, |c| pairs(c, |a, b| contains(b, a)));
    r.add("arrayoverlap", &[AnyArray, AnyArray], Bool, |c| pairs(c, overlaps));
    r.add("array_eq", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_eq));
    r.add("array_ne", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_ne));
    r.add("array_lt", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_lt));
    r.add("array_le", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_le));
    r.add("array_gt", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_gt));
    r.add("array_ge", &[AnyArray, AnyArray], Bool, |c| compared(c, std::cmp::Ordering::is_ge));
}

/// All elements of an array, whatever its dimensions.
fn flat(list: ArrayRef) -> ArrayRef {
    use arrow::array::AsArray as _;
    let mut level = list;
    while let Some(inner) = level.as_list_opt::<i32>() {
        let from = inner.value_offsets().first().copied().unwrap_or(0);
        let until = inner.value_offsets().last().copied().unwrap_or(0);
        let at = |n: i32| usize::try_from(n).unwrap_or(0);
        level = inner.values().slice(at(from), at(until - from));
    }
    level
}

fn pairs(c: &Call<'_>, test: fn(&ArrayRef, &ArrayRef) -> Result<bool>) -> Result<ArrayRef> {
    let (a, b) = (c.lists(0)?, c.lists(1)?);
    c.build_bool(|i| test(&flat(a.at(i)), &flat(b.at(i))))
}

/// Whether every element of `b` is in `a`; a NULL is in nothing.
fn contains(a: &ArrayRef, b: &ArrayRef) -> Result<bool> {
    let finder = Finder::new(a, b)?;
    Ok((0..b.len()).all(|j| b.is_valid(j) && finder.has(j)))
}

fn overlaps(a: &ArrayRef, b: &ArrayRef) -> Result<bool> {
    let finder = Finder::new(a, b)?;
    Ok((0..b.len()).any(|j| b.is_valid(j) && finder.has(j)))
}

/// Finds elements of one array in another by binary search.
struct Finder {
    sorted: Vec<usize>,
    compare: arrow::array::DynComparator,
}

impl Finder {
    fn new(a: &ArrayRef, b: &ArrayRef) -> Result<Self> {
        let own = order(a, a)?;
        let mut sorted: Vec<usize> = (0..a.len()).filter(|i| a.is_valid(*i)).collect();
        sorted.sort_by(|i, j| own(*i, *j));
        Ok(Self { sorted, compare: order(a, b)? })
    }

    fn has(&self, wanted: usize) -> bool {
        self.sorted.binary_search_by(|i| (self.compare)(*i, wanted)).is_ok()
    }
}

/// Arrays compare by their elements in order, then by how many they are, then by their dimensions.
fn compared(c: &Call<'_>, test: fn(std::cmp::Ordering) -> bool) -> Result<ArrayRef> {
    let is_nested = |i: usize| element(c.arg(i).array.data_type()).is_some_and(|inner| element(inner).is_some());
    if is_nested(0) || is_nested(1) {
        let (a, b) = (c.lists(0)?, c.lists(1)?);
        return c.build_bool(|row| {
            let (left, right) = (a.at(row), b.at(row));
            let (x, y) = (flat(Arc::clone(&left)), flat(Arc::clone(&right)));
            let compare = order(&x, &y)?;
            let differ = (0..x.len().min(y.len())).map(|i| compare(i, i)).find(|o| o.is_ne());
            let (dims_a, dims_b) = (dimensions(&left), dimensions(&right));
            let order = differ
                .unwrap_or_else(|| x.len().cmp(&y.len()))
                .then_with(|| dims_a.len().cmp(&dims_b.len()))
                .then_with(|| dims_a.cmp(&dims_b));
            Ok(test(order))
        });
    }
    let compare = order(&c.arg(0).array, &c.arg(1).array)?;
    c.build_bool(|i| Ok(test(compare(c.arg(0).index(i), c.arg(1).index(i)))))
}
