//! The functions behind the operators on dates and times, under the names PostgreSQL's `pg_operator` gives them.

use arrow::array::ArrayRef;
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Int32Type, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};

use super::super::Registry;
use super::super::call::Call;
use super::super::ty::Ty::{self, Bool, Date, Int4, Interval as IntervalTy, Time, Timestamp, TimestampTz};
use super::zone::session_zone;
use super::{Interval, ZoneSpec, from_arrow, interval, kernels, to_arrow};
use crate::error::Result;

pub(super) fn register(r: &mut Registry) {
    r.add("timestamp_pl_interval", &[Timestamp, IntervalTy], Timestamp, |c| {
        moved::<TimestampMicrosecondType, TimestampMicrosecondType>(c, kernels::timestamp_plus_interval)
    });
    r.add("timestamp_mi_interval", &[Timestamp, IntervalTy], Timestamp, |c| {
        moved::<TimestampMicrosecondType, TimestampMicrosecondType>(c, kernels::timestamp_minus_interval)
    });
    r.add("timestamptz_pl_interval", &[TimestampTz, IntervalTy], TimestampTz, |c| {
        moved_in_zone(c, kernels::timestamptz_plus_interval)
    });
    r.add("timestamptz_mi_interval", &[TimestampTz, IntervalTy], TimestampTz, |c| {
        moved_in_zone(c, kernels::timestamptz_minus_interval)
    });
    r.add("date_pl_interval", &[Date, IntervalTy], Timestamp, |c| {
        moved::<Date32Type, TimestampMicrosecondType>(c, kernels::date_plus_interval)
    });
    r.add("date_mi_interval", &[Date, IntervalTy], Timestamp, |c| {
        moved::<Date32Type, TimestampMicrosecondType>(c, kernels::date_minus_interval)
    });
    r.add("time_pl_interval", &[Time, IntervalTy], Time, |c| {
        moved::<Time64MicrosecondType, Time64MicrosecondType>(c, kernels::time_plus_interval)
    });
    r.add("time_mi_interval", &[Time, IntervalTy], Time, |c| {
        moved::<Time64MicrosecondType, Time64MicrosecondType>(c, kernels::time_minus_interval)
    });
    for (name, params) in [("timestamp_mi", &[Timestamp, Timestamp]), ("timestamptz_mi", &[TimestampTz, TimestampTz])] {
        r.add(name, params, IntervalTy, |c| {
            let (a, b) = (c.prims::<TimestampMicrosecondType>(0)?, c.prims::<TimestampMicrosecondType>(1)?);
            c.build::<IntervalMonthDayNanoType>(|i| to_arrow(kernels::timestamp_minus_timestamp(a.at(i), b.at(i))?))
        });
    }
    r.add("time_mi_time", &[Time, Time], IntervalTy, |c| {
        let (a, b) = (c.prims::<Time64MicrosecondType>(0)?, c.prims::<Time64MicrosecondType>(1)?);
        c.build::<IntervalMonthDayNanoType>(|i| to_arrow(kernels::time_minus_time(a.at(i), b.at(i))))
    });
    r.add("date_pli", &[Date, Int4], Date, |c| pair::<Date32Type, Int32Type, Date32Type>(c, kernels::date_plus_days));
    r.add("date_mii", &[Date, Int4], Date, |c| pair::<Date32Type, Int32Type, Date32Type>(c, kernels::date_minus_days));
    r.add("date_mi", &[Date, Date], Int4, |c| pair::<Date32Type, Date32Type, Int32Type>(c, kernels::date_minus_date));
    r.add("datetime_pl", &[Date, Time], Timestamp, |c| {
        pair::<Date32Type, Time64MicrosecondType, TimestampMicrosecondType>(c, kernels::date_plus_time)
    });
    r.volatility(datafusion::logical_expr::Volatility::Stable, &["timestamptz_pl_interval", "timestamptz_mi_interval"]);
    register_comparisons(r);
}

fn register_comparisons(r: &mut Registry) {
    const BOTH: &[Ty] = &[IntervalTy, IntervalTy];
    r.add("interval_cmp", BOTH, Int4, |c| {
        let (a, b) = (c.prims::<IntervalMonthDayNanoType>(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
        c.build::<Int32Type>(|i| Ok(interval::compare(from_arrow(a.at(i)), from_arrow(b.at(i))) as i32))
    });
    r.add("interval_eq", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_eq));
    r.add("interval_ne", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_ne));
    r.add("interval_lt", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_lt));
    r.add("interval_le", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_le));
    r.add("interval_gt", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_gt));
    r.add("interval_ge", BOTH, Bool, |c| compared(c, std::cmp::Ordering::is_ge));
}

fn moved<A, R>(c: &Call<'_>, f: fn(A::Native, Interval) -> Result<R::Native>) -> Result<ArrayRef>
where
    A: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
{
    let (a, span) = (c.prims::<A>(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
    c.build::<R>(|i| f(a.at(i), from_arrow(span.at(i))))
}

fn moved_in_zone(c: &Call<'_>, f: fn(i64, Interval, &ZoneSpec) -> Result<i64>) -> Result<ArrayRef> {
    let (a, span) = (c.prims::<TimestampMicrosecondType>(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
    let zone = session_zone(c);
    c.build::<TimestampMicrosecondType>(|i| f(a.at(i), from_arrow(span.at(i)), &zone))
}

fn pair<A, B, R>(c: &Call<'_>, f: fn(A::Native, B::Native) -> Result<R::Native>) -> Result<ArrayRef>
where
    A: ArrowPrimitiveType,
    B: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
{
    let (a, b) = (c.prims::<A>(0)?, c.prims::<B>(1)?);
    c.build::<R>(|i| f(a.at(i), b.at(i)))
}

fn compared(c: &Call<'_>, test: fn(std::cmp::Ordering) -> bool) -> Result<ArrayRef> {
    let (a, b) = (c.prims::<IntervalMonthDayNanoType>(0)?, c.prims::<IntervalMonthDayNanoType>(1)?);
    c.build_bool(|i| Ok(test(interval::compare(from_arrow(a.at(i)), from_arrow(b.at(i))))))
}
