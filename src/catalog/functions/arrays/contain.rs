//! Set relations of arrays (`@>`, `<@`, `&&`) and their comparison, under the names of `pg_operator`.

use arrow::array::{Array, ArrayRef};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{AnyArray, Bool};
use super::order;
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

fn compared(c: &Call<'_>, test: fn(std::cmp::Ordering) -> bool) -> Result<ArrayRef> {
    let compare = order(&c.arg(0).array, &c.arg(1).array)?;
    c.build_bool(|i| Ok(test(compare(c.arg(0).index(i), c.arg(1).index(i)))))
}
